#include "coordinator/journal/record_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace thumbmill {
namespace {

// The columns in the order of the table. A query counts columns from 0, a
// parameter of an insert from 1.
enum Column : int {
  kKey,
  kIndex,
  kUri,
  kClaim,
  kClaimKey,
  kStamp,
  kStatus,
  kReason,
  kMessage,
  kWarnings,
  kAttempts,
  kSignal,
  kPhase,
  kWidth,
  kHeight,
  kBytesIn,
  kSha256,
  kOutputs,
  kHost,
  kDir,
  kStem,
  kSrcExt,
  kBounds,
  kRow,  // not a column of an insert
};

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(at), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <typename T>
T Number(const std::string& text) {
  T value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// No recipe has more sizes, but a journal that somebody else wrote may claim
// more.
constexpr std::size_t kMostOutputs = 1024;

}  // namespace

const char* const kInsertRecord =
    "INSERT INTO items VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

const char* const kSelectRecords =
    "SELECT key, idx, uri, claim, claim_key, stamp, status, reason, message,"
    " warnings, attempts, signal, phase, width, height, bytes_in, sha256,"
    " outputs, host, dir, stem, srcext, bounds, rowid FROM items";

PackedRecord Pack(const ItemRecord& record) {
  PackedRecord packed;
  packed.key = HashKey(record.source_key);
  packed.claim_key = HashKey(record.claim);
  packed.warnings = fmt::format("{}", fmt::join(record.warnings, "\n"));
  return packed;
}

void BindRecord(const ItemRecord& record, const PackedRecord& packed,
                std::string_view bounds, Statement* insert) {
  insert->Bind(kKey + 1, ByteSpan(packed.key))
      .Bind(kIndex + 1, static_cast<std::int64_t>(record.index))
      .Bind(kUri + 1, record.uri)
      .Bind(kClaim + 1, record.claim)
      .Bind(kClaimKey + 1, ByteSpan(packed.claim_key))
      .Bind(kStamp + 1, record.stamp)
      .Bind(kStatus + 1, ToString(record.status))
      .Bind(kReason + 1, ToString(record.reason))
      .Bind(kMessage + 1, record.message)
      .Bind(kWarnings + 1, packed.warnings)
      .Bind(kAttempts + 1, std::int64_t{record.attempts})
      .Bind(kSignal + 1, std::int64_t{record.signal})
      .Bind(kPhase + 1, record.phase)
      .Bind(kWidth + 1, std::int64_t{record.width})
      .Bind(kHeight + 1, std::int64_t{record.height})
      .Bind(kBytesIn + 1, static_cast<std::int64_t>(record.bytes_in))
      .Bind(kSha256 + 1, record.sha256)
      .Bind(kOutputs + 1, packed.outputs)
      .Bind(kHost + 1, record.host)
      .Bind(kDir + 1, record.dir)
      .Bind(kStem + 1, record.stem)
      .Bind(kSrcExt + 1, record.srcext)
      .Bind(kBounds + 1, bounds);
}

ItemRecord ReadRecord(const Statement& row) {
  ItemRecord record;
  record.index = static_cast<std::uint64_t>(row.Integer(kIndex));
  record.uri = row.Text(kUri);
  record.claim = row.Text(kClaim);
  record.stamp = row.Text(kStamp);
  record.status =
      ItemStatusFromWord(row.Text(kStatus)).value_or(ItemStatus::kFailed);
  record.reason = ReasonFromWord(row.Text(kReason)).value_or(Reason::kNone);
  record.message = row.Text(kMessage);
  record.warnings = Split(row.Text(kWarnings), '\n');
  record.attempts = static_cast<std::uint32_t>(row.Integer(kAttempts));
  record.signal = static_cast<int>(row.Integer(kSignal));
  record.phase = row.Text(kPhase);
  record.width = static_cast<std::uint32_t>(row.Integer(kWidth));
  record.height = static_cast<std::uint32_t>(row.Integer(kHeight));
  record.bytes_in = static_cast<std::uint64_t>(row.Integer(kBytesIn));
  record.sha256 = row.Text(kSha256);
  record.outputs = UnpackOutputs(row.Text(kOutputs));
  record.host = row.Text(kHost);
  record.dir = row.Text(kDir);
  record.stem = row.Text(kStem);
  record.srcext = row.Text(kSrcExt);
  return record;
}

std::int64_t IndexOf(const Statement& row) { return row.Integer(kIndex); }

std::int64_t RowOf(const Statement& row) { return row.Integer(kRow); }

std::string PackOutputs(const std::vector<OutputRecord>& outputs) {
  std::string text;
  for (const OutputRecord& output : outputs)
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\t{}\t{}\t{}\n",
                   output.size, output.name, output.width, output.height,
                   output.bytes, output.sha256);
  return text;
}

std::vector<OutputRecord> UnpackOutputs(std::string_view text) {
  std::vector<OutputRecord> outputs;
  while (!text.empty() && outputs.size() < kMostOutputs) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::vector<std::string> field = Split(text.substr(0, end), '\t');
    text.remove_prefix(std::min(end + 1, text.size()));
    if (field.size() != 6) continue;
    OutputRecord output;
    output.size = field[0];
    output.name = field[1];
    output.width = Number<std::uint32_t>(field[2]);
    output.height = Number<std::uint32_t>(field[3]);
    output.bytes = Number<std::uint64_t>(field[4]);
    output.sha256 = field[5];
    outputs.push_back(std::move(output));
  }
  return outputs;
}

std::string PackBounds(const CostBounds& bounds) {
  return fmt::format("{} {} {}", bounds[0], bounds[1], bounds[2]);
}

bool AnyLarger(const CostBounds& now, std::string_view then) {
  const std::vector<std::string> parts = Split(then, ' ');
  for (std::size_t i = 0; i < now.size() && i < parts.size(); ++i)
    if (now[i] > Number<std::uint64_t>(parts[i])) return true;
  return false;
}

}  // namespace thumbmill
