#include "worker/image/colour/compose.h"

#include <algorithm>
#include <cstring>

#include "worker/image/colour/interleave.h"
#include "worker/image/colour/linear.h"

namespace thumbmill {
namespace {

std::uint8_t Narrow(std::uint32_t sample16) {
  return static_cast<std::uint8_t>((sample16 * 255 + 32767) / 65535);
}

template <typename Sample>
void TransposeInto(const Plane& from, const Plane& to) {
  // The loops go by squares that fit into the CPU cache: either the rows or the
  // columns would otherwise miss it at each sample.
  constexpr std::uint32_t kSquare = 32;
  for (std::uint32_t y0 = 0; y0 < to.height(); y0 += kSquare)
    for (std::uint32_t x0 = 0; x0 < to.width(); x0 += kSquare)
      for (std::uint32_t y = y0; y < std::min(y0 + kSquare, to.height()); ++y) {
        auto* out = reinterpret_cast<Sample*>(to.Row(y));
        const std::uint32_t end = std::min(x0 + kSquare, to.width());
        for (std::uint32_t x = x0; x < end; ++x)
          out[x] = reinterpret_cast<const Sample*>(from.Row(x))[y];
      }
}

}  // namespace

Plane Transposed(const Plane& plane) {
  Plane out(plane.height(), plane.width(), plane.wide());
  if (plane.wide()) {
    TransposeInto<std::int16_t>(plane, out);
  } else {
    TransposeInto<std::uint8_t>(plane, out);
  }
  return out;
}

Composer::Composer(const PlaneSet& planes, const Placement& place,
                   Rgb background, bool keep_alpha,
                   const ColourTransform* transform)
    : planes_(planes),
      place_(place),
      background_(background),
      keep_alpha_(keep_alpha && planes.alpha),
      transform_(transform),
      width_(static_cast<std::uint32_t>(place.width)),
      colours_(planes.model == ColourModel::kGrey ? 1 : 3),
      srgb_of_light_(planes.linear ? SrgbOfLight() : nullptr) {
  // A grey picture needs three channels if a coloured background shows.
  const bool shows_background =
      place.padded() || (planes.alpha && !keep_alpha_);
  const bool grey =
      colours_ == 1 && (!shows_background || background.is_grey());
  channels_ = (grey ? 1 : 3) + (keep_alpha_ ? 1 : 0);
  colour_.resize(std::size_t{width_} * 3);
  alpha_.resize(planes.alpha ? width_ : 0);
  raw8_.resize(std::size_t{width_} * 4);
  raw16_.resize(planes.planes[0].wide() ? std::size_t{width_} * 3 : 0);
}

void Composer::Colours8(std::uint32_t y) {
  ByteRows rows{};
  for (std::size_t p = 0; p < static_cast<std::size_t>(planes_.count); ++p)
    rows[p] = planes_.planes[p].Row(y);
  const PixelCode code{planes_.model, planes_.ycc, planes_.inverted};
  // Without a transform, grey, RGB and YCC are sRGB after Interleave(); only
  // inks need one more step.
  if (transform_ == nullptr && PixelChannels(planes_.model) < 4)
    return Interleave(rows, code, width_, colour_.data());
  Interleave(rows, code, width_, raw8_.data());
  if (transform_ == nullptr)
    return CmykToRgb(raw8_.data(), colour_.data(), width_);
  transform_->Apply(raw8_.data(), colour_.data(), width_);
}

std::uint8_t Composer::Code(std::uint16_t sample) const {
  return srgb_of_light_ != nullptr ? srgb_of_light_[sample] : Narrow(sample);
}

void Composer::ColoursWide(std::uint32_t y) {
  const auto colours = static_cast<std::size_t>(colours_);
  WideRows rows{};
  for (std::size_t c = 0; c < colours; ++c)
    rows[c] = planes_.planes[c].WideRow(y);
  const std::int16_t* alpha =
      planes_.alpha ? planes_.planes[colours].WideRow(y) : nullptr;
  Interleave(rows, colours_, alpha, width_, raw16_.data());
  if (alpha != nullptr)
    for (std::uint32_t x = 0; x < width_; ++x)
      alpha_[x] = Narrow(Unbias(alpha[x]));
  if (transform_ != nullptr)
    return transform_->Apply(raw16_.data(), colour_.data(), width_);
  for (std::size_t i = 0; i < width_ * colours; ++i)
    colour_[i] = Code(raw16_[i]);
}

void Composer::Colours(std::uint32_t y) {
  if (planes_.planes[0].wide()) {
    ColoursWide(y);
  } else {
    Colours8(y);
  }
  const int wanted = keep_alpha_ ? channels_ - 1 : channels_;
  if (colours_ == wanted) return;
  // Grey becomes RGB in place, from the end, so that no sample is overwritten
  // before it is read.
  for (std::uint32_t x = width_; x-- > 0;)
    std::memset(&colour_[std::size_t{x} * 3], colour_[x], 3);
}

void Composer::LayOnBackground() {
  const std::uint8_t under[3] = {background_.r, background_.g, background_.b};
  const auto colours = static_cast<std::size_t>(channels_);
  for (std::uint32_t x = 0; x < width_; ++x) {
    const std::uint32_t alpha = alpha_[x];
    for (std::size_t c = 0; c < colours; ++c) {
      std::uint8_t& sample = colour_[x * colours + c];
      sample = static_cast<std::uint8_t>(
          (sample * alpha + under[c] * (255 - alpha) + 127) / 255);
    }
  }
}

void Composer::AddAlpha(std::uint8_t* out) const {
  const auto channels = static_cast<std::size_t>(channels_);
  if (!keep_alpha_) {
    std::memcpy(out, colour_.data(), width_ * channels);
    return;
  }
  const std::size_t colours = channels - 1;
  for (std::uint32_t x = 0; x < width_; ++x) {
    std::memcpy(out + x * channels, &colour_[x * colours], colours);
    out[x * channels + colours] = alpha_[x];
  }
}

void Composer::FillBackground(std::uint8_t* out, std::uint64_t pixels) const {
  // The second byte is green, or the opaque alpha of a grey canvas.
  const std::uint8_t pixel[4] = {
      background_.r, channels_ <= 2 ? std::uint8_t{255} : background_.g,
      background_.b, 255};
  const auto channels = static_cast<std::size_t>(channels_);
  for (std::uint64_t x = 0; x < pixels; ++x)
    std::memcpy(out + x * channels, pixel, channels);
}

void Composer::Row(std::uint32_t y, std::uint8_t* out) {
  if (y < place_.offset_y || y >= place_.offset_y + place_.height)
    return FillBackground(out, place_.canvas_width);
  Colours(static_cast<std::uint32_t>(y - place_.offset_y));
  if (planes_.alpha && !keep_alpha_) LayOnBackground();
  const auto channels = static_cast<std::size_t>(channels_);
  const std::uint64_t right = place_.offset_x + place_.width;
  FillBackground(out, place_.offset_x);
  AddAlpha(out + place_.offset_x * channels);
  FillBackground(out + right * channels, place_.canvas_width - right);
}

}  // namespace thumbmill
