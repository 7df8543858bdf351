// coordinator/net/hop_end.h: from what curl and the server said to a Reason
// that the journal keeps, and whether another try may help.
//
// Pure     all of it is in the arguments.
#pragma once

#include <curl/curl.h>

#include <string>

#include "coordinator/net/transfer.h"

namespace thumbmill {

// One request and its answer; a transfer with redirects has several.
struct HopEnd {
  CURLcode code = CURLE_OK;
  std::string curl_text;  // curl's own words, may be empty
  int status = 0;
  bool upload = false;
  bool body_begun = false;
  bool name_resolved = false;
  bool too_big = false;  // our own cap
  bool unwelcome = false;
  bool body_left = false;  // nobody wants the body, and it was not read whole
  bool damaged = false;    // the coded body does not decode, or is cut short
  std::string refused;     // the header that we cannot serve, or empty
  bool headers_too_big = false;
  bool any_address_allowed = false;
  std::string forbidden;  // the last address that was refused, or empty
};

[[nodiscard]] bool IsTransientStatus(int status);
// Fills reason, message and transient.
void ClassifyHopEnd(const HopEnd& end, TransferResult* result);

}  // namespace thumbmill
