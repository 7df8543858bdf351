// coordinator/net/hop_end.h: turns the result of curl and the server's status
// into a Reason for the journal.
//
// Pure     depends on the arguments only.
#pragma once

#include <curl/curl.h>

#include <string>

#include "coordinator/net/transfer.h"

namespace thumbmill {

// One request and its answer; a transfer with redirects has several.
struct HopEnd {
  CURLcode code = CURLE_OK;
  std::string curl_text;  // curl's error text, may be empty
  int status = 0;
  bool upload = false;
  bool body_begun = false;
  bool name_resolved = false;
  bool too_big = false;    // the body exceeds our own limit
  bool unwanted = false;   // the sink ended the transfer
  bool body_left = false;  // an unwanted body was not read to its end
  bool damaged = false;    // the coded body does not decode, or is cut short
  std::string refused;     // the header that we do not accept, or empty
  bool headers_too_big = false;
  bool any_address_allowed = false;
  std::string forbidden;  // the last address that we refused, or empty
};

// Fills reason and message.
void ClassifyHopEnd(const HopEnd& end, TransferResult* result);

}  // namespace thumbmill
