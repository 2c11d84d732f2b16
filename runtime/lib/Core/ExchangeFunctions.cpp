// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of the table for exchanges. Compiled code's mistakes end here: transports rely on
// the order of calls and on what they are given. As in Functions.cpp, no locals with destructors.
#include "lib/Core/Context.h"
#include "lib/Core/Functions.h"
#include "lib/Core/Request.h"
#include "lib/Core/Status.h"

#include <algorithm>

namespace moert {

namespace {

void unwindIfFailed(Context &context, const moert_status &status) {
  if (status.code != MOERT_OK)
    context.unwind(status);
}

[[noreturn]] void mistake(Context &context, const char *what) {
  context.unwind(failure(MOERT_INTERNAL, "compiled code %s", what));
}

/// The exchange that the run is in.
RunExchange &exchangeOf(Context &context, const char *mistaken) {
  if (!context.exchange.transport)
    mistake(context, mistaken);
  return context.exchange;
}

WaitLimits limitsOf(const Context &context) {
  const GroupBinding *binding = context.session.binding;
  return {context.request->deadline, binding ? binding->group->silenceNs : 0,
          &context.request->cancelled};
}

void checkRows(Context &context, const moert_exchange_info &info, const moert_exchange_rows *send) {
  if (!send || !send->offsets || send->row_bytes < 1 || send->row_bytes > kMostRowBytes)
    mistake(context, "begins an exchange without rows");
  bool ascends = send->offsets[0] == 0;
  for (uint32_t expert = 0; expert < info.num_experts; ++expert)
    ascends &= send->offsets[expert] <= send->offsets[expert + 1];
  if (!ascends)
    mistake(context, "begins an exchange with offsets that do not ascend from 0");
  if (send->offsets[info.num_experts] > 0 && !send->rows)
    mistake(context, "begins an exchange without rows");
  const int64_t element = send->element_bytes;
  if (element < 1 || element > 16 || (element & (element - 1)) != 0 ||
      send->row_bytes % element != 0 ||
      (send->offsets[info.num_experts] > 0 &&
       reinterpret_cast<uintptr_t>(send->rows) % element != 0))
    mistake(context, "begins an exchange of rows that are no elements");
}

/// Lets whoever drills failures act here.
void reach(Context &context, moert_point point) {
  const GroupBinding *binding = context.session.binding;
  if (!binding || !binding->group->atPoint)
    return;
  const moert_group &group = *binding->group;
  const int32_t rank = group.transport->rank();
  const int32_t code =
      group.atPoint(group.pointUser, rank, int32_t(context.exchange.ordinal), point);
  if (code == MOERT_OK)
    return;
  group.transport->giveUp(code);
  context.unwind(failure(code, "rank %d of %d was taken out of exchange %u by a drill", rank,
                         group.transport->ranks(), context.exchange.ordinal));
}

/// What compiled code has done since it received the round.
void traceExperts(const Context &context, int64_t round, int64_t rows) {
  const RunExchange &exchange = context.exchange;
  moert_trace_event event = {};
  event.name = exchange.info->name;
  event.begin_ns = exchange.receivedNs;
  event.end_ns = context.session.host.now();
  event.units = rows;
  event.kind = MOERT_TRACE_EXPERTS;
  event.rank = exchange.transport->rankOf(exchange.transport->member());
  event.layer = int32_t(exchange.ordinal);
  event.round = int32_t(round);
  event.peer = -1;
  context.session.host.trace(event);
}

} // namespace

void exchangeBegin(moert_ctx *ctx, uint32_t number, const moert_exchange_rows *send,
                   int64_t plan[2]) {
  auto &context = *static_cast<Context *>(ctx);
  const moert_artifact &artifact = *context.session.artifact;
  RunExchange &exchange = context.exchange;
  if (number >= artifact.numExchanges)
    context.unwind(failure(MOERT_INTERNAL, "compiled code asks for exchange %u of %u", number,
                           artifact.numExchanges));
  if (exchange.transport)
    mistake(context, "begins an exchange within another one");
  const moert_exchange_info &info = artifact.exchanges[number];
  checkRows(context, info, send);
  context.checkInterrupted();
  ExchangeTransport *transport = nullptr;
  unwindIfFailed(context, context.findTransport(number, transport));
  // From here on others may read memory of this run, whatever comes of it.
  exchange.transport = transport;
  exchange.info = &info;
  exchange.ownRows = send->offsets[info.num_experts];
  exchange.rowBytes = send->row_bytes;
  exchange.received = exchange.returned = exchange.resultBytes = 0;
  exchange.results = nullptr;
  reach(context, MOERT_POINT_DISPATCH);
  ExchangeStart start = {artifact.table->build_id, &info,      number, exchange.ordinal, *send,
                         info.window_rows,         info.chunks};
  if (const GroupBinding *binding = context.session.binding) {
    const moert_group &group = *binding->group;
    if (group.windowRows)
      start.windowRows = std::min(group.windowRows, start.windowRows);
    if (group.chunks)
      start.chunks = group.chunks;
  }
  unwindIfFailed(context, transport->begin(start, limitsOf(context)));
  plan[0] = transport->plan().rounds();
  plan[1] = transport->plan().windowRows();
}

const void *exchangeReceive(moert_ctx *ctx, int64_t round, int32_t *offsets,
                            const int64_t **places) {
  auto &context = *static_cast<Context *>(ctx);
  RunExchange &exchange = exchangeOf(context, "receives rows outside of an exchange");
  if (round != exchange.received || round != exchange.returned ||
      round >= exchange.transport->plan().rounds())
    mistake(context, "receives the rows of an exchange out of order");
  ReceivedRows rows = {};
  unwindIfFailed(context, exchange.transport->receive(round, offsets, limitsOf(context), rows));
  ++exchange.received;
  if (round == 0)
    reach(context, MOERT_POINT_EXPERTS);
  if (context.session.host.traces())
    exchange.receivedNs = context.session.host.now();
  *places = rows.places;
  return rows.base;
}

void exchangeReturn(moert_ctx *ctx, int64_t round, const void *rows, int64_t rowBytes,
                    void *results) {
  auto &context = *static_cast<Context *>(ctx);
  RunExchange &exchange = exchangeOf(context, "returns rows outside of an exchange");
  if (round != exchange.returned || round >= exchange.received)
    mistake(context, "returns rows of an exchange that it has not received");
  const ExchangePlan &plan = exchange.transport->plan();
  const int32_t member = exchange.transport->member();
  if (rowBytes < 1 || rowBytes > kMostRowBytes || (!results && exchange.ownRows > 0) ||
      (!rows && plan.roundBegin(member, round) < plan.roundEnd(member, round)))
    mistake(context, "returns nothing for the rows of an exchange");
  if (round == 0) {
    exchange.resultBytes = rowBytes;
    exchange.results = results;
  }
  if (rowBytes != exchange.resultBytes || results != exchange.results)
    mistake(context, "takes the results of an exchange to different places");
  if (context.session.host.traces())
    traceExperts(context, round, plan.roundEnd(member, round) - plan.roundBegin(member, round));
  if (round == 0)
    reach(context, MOERT_POINT_COMBINE);
  unwindIfFailed(context,
                 exchange.transport->giveBack(round, {rows, rowBytes, results}, limitsOf(context)));
  ++exchange.returned;
}

void exchangeEnd(moert_ctx *ctx) {
  auto &context = *static_cast<Context *>(ctx);
  RunExchange &exchange = exchangeOf(context, "ends an exchange that it has not begun");
  if (exchange.returned != exchange.transport->plan().rounds())
    mistake(context, "ends an exchange before all rounds are returned");
  reach(context, MOERT_POINT_END);
  unwindIfFailed(context, exchange.transport->end(limitsOf(context)));
  if (GroupBinding *binding = context.session.binding)
    unwindIfFailed(context, binding->group->count(exchange.ordinal, *exchange.transport,
                                                  exchange.rowBytes, exchange.resultBytes));
  exchange.transport = nullptr;
  ++exchange.ordinal;
  context.checkInterrupted();
}

} // namespace moert
