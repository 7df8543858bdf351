#include "worker/image/compose.h"

#include <algorithm>
#include <cstring>

namespace thumbmill {
namespace {

std::uint32_t Unbias(std::int16_t sample) {
  return static_cast<std::uint32_t>(sample + 32768);
}

std::uint8_t Narrow(std::uint32_t sample16) {
  return static_cast<std::uint8_t>((sample16 * 255 + 32767) / 65535);
}

// Filters overshoot: a colour can come out above its alpha.
std::uint32_t Divide(std::uint32_t colour, std::uint32_t alpha) {
  if (alpha == 0) return 0;
  const std::uint64_t product = std::uint64_t{colour} * 65535;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>((product + alpha / 2) / alpha, 65535));
}

template <typename Sample>
void TransposeInto(const Plane& from, const Plane& to) {
  // Squares that stay within the cache.
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
      colours_(planes.model == ColourModel::kGrey ? 1 : 3) {
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

void Composer::InksRow(std::uint32_t y) {
  const bool ycck = planes_.model == ColourModel::kYcck;
  const std::uint8_t* rows[4];
  for (std::size_t p = 0; p < 4; ++p) rows[p] = planes_.planes[p].Row(y);
  // YCCK's first three are the RGB that is the inks' opposite.
  if (ycck) YccToRgb(rows[0], rows[1], rows[2], colour_.data(), width_);
  const std::uint8_t flip = planes_.inverted ? 255 : 0;
  for (std::uint32_t x = 0; x < width_; ++x) {
    std::uint8_t* ink = &raw8_[std::size_t{x} * 4];
    for (std::size_t c = 0; c < 3; ++c) {
      const std::uint8_t stored =
          ycck ? static_cast<std::uint8_t>(255 - colour_[x * 3 + c])
               : rows[c][x];
      ink[c] = stored ^ flip;
    }
    ink[3] = rows[3][x] ^ flip;
  }
}

void Composer::Colours8(std::uint32_t y) {
  const auto& planes = planes_.planes;
  switch (planes_.model) {
    case ColourModel::kGrey:
      std::memcpy(raw8_.data(), planes[0].Row(y), width_);
      break;
    case ColourModel::kYcc:
      YccToRgb(planes[0].Row(y), planes[1].Row(y), planes[2].Row(y),
               raw8_.data(), width_, planes_.ycc);
      break;
    case ColourModel::kRgb:
      for (std::size_t c = 0; c < 3; ++c)
        for (std::uint32_t x = 0; x < width_; ++x)
          raw8_[x * 3 + c] = planes[c].Row(y)[x];
      break;
    case ColourModel::kCmyk:
    case ColourModel::kYcck:
      InksRow(y);
      if (transform_ == nullptr)
        return CmykToRgb(raw8_.data(), colour_.data(), width_);
      break;
  }
  if (transform_ != nullptr) {
    transform_->Apply(raw8_.data(), colour_.data(), width_);
  } else {
    std::memcpy(colour_.data(), raw8_.data(),
                std::size_t{width_} * static_cast<std::size_t>(colours_));
  }
}

void Composer::ColoursWide(std::uint32_t y) {
  const auto colours = static_cast<std::size_t>(colours_);
  const std::int16_t* alpha =
      planes_.alpha ? planes_.planes[colours].WideRow(y) : nullptr;
  for (std::size_t c = 0; c < colours; ++c) {
    const std::int16_t* row = planes_.planes[c].WideRow(y);
    for (std::uint32_t x = 0; x < width_; ++x) {
      std::uint32_t sample = Unbias(row[x]);
      if (alpha != nullptr) sample = Divide(sample, Unbias(alpha[x]));
      raw16_[x * colours + c] = static_cast<std::uint16_t>(sample);
    }
  }
  if (alpha != nullptr)
    for (std::uint32_t x = 0; x < width_; ++x)
      alpha_[x] = Narrow(Unbias(alpha[x]));
  if (transform_ != nullptr)
    return transform_->Apply(raw16_.data(), colour_.data(), width_);
  for (std::size_t i = 0; i < width_ * colours; ++i)
    colour_[i] = Narrow(raw16_[i]);
}

void Composer::Colours(std::uint32_t y) {
  if (planes_.planes[0].wide()) {
    ColoursWide(y);
  } else {
    Colours8(y);
  }
  const int wanted = keep_alpha_ ? channels_ - 1 : channels_;
  if (colours_ == wanted) return;
  for (std::uint32_t x = width_; x-- > 0;)  // from the end: in place
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

void Composer::Interleave(std::uint8_t* out) const {
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
  Interleave(out + place_.offset_x * channels);
  FillBackground(out + right * channels, place_.canvas_width - right);
}

}  // namespace thumbmill
