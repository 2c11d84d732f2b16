// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Profile.h"
#include "lib/Cli/Tensor.h"

#include <algorithm>
#include <cinttypes>
#include <cstdarg>
#include <cstdio>
#include <set>

namespace moert::cli {

namespace {

/// The row of each kind of span, by moert_trace_kind.
const char *const kRows[] = {"run", "kernels", "dispatch", "experts", "combine"};
constexpr int32_t kNumRows = 5;

[[gnu::format(printf, 2, 3)]] void append(std::string &text, const char *format, ...) {
  char piece[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(piece, sizeof(piece), format, arguments);
  va_end(arguments);
  text += piece;
}

/// A string of JSON. What is not ASCII may be no UTF-8, and is left out.
std::string quoted(const char *text) {
  std::string result = "\"";
  for (; *text; ++text) {
    if (*text == '"' || *text == '\\')
      result += '\\';
    result += *text >= ' ' && *text <= '~' ? *text : '?';
  }
  return result + "\"";
}

} // namespace

void Profile::record(void *user, const moert_trace_event *event) {
  auto &profile = *static_cast<Profile *>(user);
  std::lock_guard<std::mutex> lock(profile.mutex_);
  profile.events_.push_back(*event);
}

void Profile::addTraffic(int32_t rank, int32_t layer, int32_t peer, const moert_traffic &traffic) {
  sent_.push_back({rank, layer, peer, traffic});
}

moert_status Profile::write(const std::string &path) const {
  std::lock_guard<std::mutex> lock(mutex_);
  std::string text = "{\"displayTimeUnit\": \"ms\",\n\"traceEvents\": [\n";
  std::set<int32_t> ranks;
  int64_t first = INT64_MAX;
  for (const moert_trace_event &event : events_) {
    ranks.insert(event.rank);
    first = std::min(first, event.begin_ns);
  }
  const char *separator = "";
  for (int32_t rank : ranks) {
    append(text,
           "%s{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": %d, \"args\": {\"name\": "
           "\"rank %d\"}}",
           separator, rank, rank);
    separator = ",\n";
    for (int32_t row = 0; row < kNumRows; ++row)
      append(text,
             "%s{\"ph\": \"M\", \"name\": \"thread_name\", \"pid\": %d, \"tid\": %d, \"args\": "
             "{\"name\": \"%s\"}}",
             separator, rank, row, kRows[row]);
  }
  for (const moert_trace_event &event : events_) {
    const bool isExchange = event.kind >= MOERT_TRACE_DISPATCH;
    const int32_t row = std::clamp(event.kind, 0, kNumRows - 1);
    append(text,
           "%s{\"ph\": \"X\", \"cat\": \"%s\", \"pid\": %d, \"tid\": %d, \"ts\": %.3f, \"dur\": "
           "%.3f, ",
           separator, kRows[row], event.rank, row, double(event.begin_ns - first) * 1e-3,
           double(event.end_ns - event.begin_ns) * 1e-3);
    text += "\"name\": " + quoted(event.name) + ", \"args\": {";
    if (isExchange)
      append(text, "\"layer\": %d, \"round\": %d, ", event.layer, event.round);
    if (event.peer >= 0)
      append(text, "\"peer\": %d, ", event.peer);
    append(text, "\"%s\": %" PRId64 "}}",
           event.kind == MOERT_TRACE_EXPERTS ? "rows"
           : isExchange                      ? "bytes"
                                             : "units",
           event.kind == MOERT_TRACE_EXPERTS || !isExchange ? event.units : event.bytes);
    separator = ",\n";
  }
  text += "\n],\n\"traffic\": [";
  separator = "\n";
  for (const Sent &sent : sent_) {
    const moert_traffic &traffic = sent.traffic;
    append(text,
           "%s{\"rank\": %d, \"layer\": %d, \"peer\": %d, \"exchanges\": %" PRId64
           ", \"dispatch_rows\": %" PRId64 ", \"dispatch_bytes\": %" PRId64
           ", \"return_rows\": %" PRId64 ", \"return_bytes\": %" PRId64 "}",
           separator, sent.rank, sent.layer, sent.peer, traffic.exchanges, traffic.dispatch_rows,
           traffic.dispatch_bytes, traffic.return_rows, traffic.return_bytes);
    separator = ",\n";
  }
  text += "\n]}\n";
  return writeFile(path, {{text.data(), int64_t(text.size())}});
}

} // namespace moert::cli
