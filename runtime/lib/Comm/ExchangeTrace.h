// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Spans of an exchange for the trace hook.
#ifndef MOERT_LIB_COMM_EXCHANGETRACE_H
#define MOERT_LIB_COMM_EXCHANGETRACE_H

#include "lib/Comm/ExchangeTransport.h"
#include "lib/Core/Host.h"

namespace moert {

/// What a span is measured from, where anybody wants to know.
inline int64_t beginSpan(const Host &host) { return host.traces() ? host.now() : 0; }

/// A part of a round on `rank`.
struct ExchangeSpan {
  int32_t kind; // moert_trace_kind
  int64_t begin;
  int64_t round;
  int32_t peer; // whose results come back, else -1
  int64_t bytes;
};

/// Hands a span that ends now to the trace hook, if there is one.
inline void traceSpan(const Host &host, const ExchangeStart &start, int32_t rank,
                      const ExchangeSpan &span) {
  if (!host.traces())
    return;
  moert_trace_event event = {};
  event.name = start.info->name;
  event.begin_ns = span.begin;
  event.end_ns = host.now();
  event.kind = span.kind;
  event.rank = rank;
  event.layer = int32_t(start.ordinal);
  event.round = int32_t(span.round);
  event.peer = span.peer;
  event.bytes = span.bytes;
  host.trace(event);
}

} // namespace moert

#endif // MOERT_LIB_COMM_EXCHANGETRACE_H
