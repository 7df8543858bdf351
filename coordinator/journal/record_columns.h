// coordinator/journal/record_columns.h: an ItemRecord as a row of the table
// `items`, both ways.
//
// The columns are numbered here and nowhere else. The order is that of CREATE
// TABLE in schema.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/hash.h"
#include "coordinator/journal/record.h"
#include "coordinator/journal/sqlite.h"

namespace thumbmill {

// SQL that inserts a row; BindRecord() fills its parameters.
extern const char* const kInsertRecord;
// The first part of a query ("SELECT … FROM items") whose rows ReadRecord()
// takes. The row's number follows the columns: see RowOf().
extern const char* const kSelectRecords;

// The columns that are computed from a record. Statements do not copy texts, so
// they must live until the statement has run.
struct PackedRecord {
  Key128 key{}, claim_key{};
  std::string warnings, outputs;
};

// Packs all but the outputs: the caller may have to add some of an earlier run.
PackedRecord Pack(const ItemRecord& record);
void BindRecord(const ItemRecord& record, const PackedRecord& packed,
                std::string_view bounds, Statement* insert);
// Reads any row, also one that somebody else wrote: unknown words become
// kFailed and kNone.
ItemRecord ReadRecord(const Statement& row);
std::int64_t IndexOf(const Statement& row);
std::int64_t RowOf(const Statement& row);

// One output per line, its fields separated by tabs. Names contain neither tabs
// nor newlines.
std::string PackOutputs(const std::vector<OutputRecord>& outputs);
std::vector<OutputRecord> UnpackOutputs(std::string_view text);

std::string PackBounds(const CostBounds& bounds);
// Returns true if one of the bounds is larger now.
bool AnyLarger(const CostBounds& now, std::string_view then);

}  // namespace thumbmill
