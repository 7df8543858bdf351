#include "worker/image/codec/split.h"

namespace thumbmill {

Splitter SplitterFor(int channels, bool deep) {
  const RowKernels& kernels = SimdRowKernels();
  const auto& splitters = deep ? kernels.split16 : kernels.split8;
  return splitters[static_cast<std::size_t>(channels)];
}

void AppendRow(const std::uint8_t* row, const PictureShape& shape,
               Splitter split, const Rings& rings) {
  const auto count = static_cast<std::size_t>(shape.plane_count);
  RowPointers out{};
  for (std::size_t p = 0; p < count; ++p)
    out[p] = rings[p]->Row(rings[p]->end());
  split(row, shape.planes[0].width, out);
  for (std::size_t p = 0; p < count; ++p) rings[p]->Append(1);
}

}  // namespace thumbmill
