// coordinator/engine/try_log.h: the lines of -vv: one for each try to fetch, to
// make and to store an image, with its time.
//
// The workers' own events are logged in coordinator/exec/.
//
// Cost     nothing unless the level is debug.
#pragma once

#include "common/clock.h"
#include "coordinator/engine/fetcher.h"
#include "coordinator/engine/item.h"
#include "coordinator/sink/sink.h"

namespace thumbmill {

// `item` holds the try: its number, its times, its bytes.
void LogFetchTry(const Item& item, const FetchAnswer& answer);
// `item.outcome` is the answer of the worker.
void LogMakeTry(const Item& item);
void LogStoreTry(const Item& item, Micros took, const StoreResult& result);
// Logs that the step `name` of the item begins again after `delay`.
void LogRetry(const char* name, const Item& item, Millis delay);

}  // namespace thumbmill
