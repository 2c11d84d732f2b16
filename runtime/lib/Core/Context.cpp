// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Context.h"
#include "lib/Core/Functions.h"
#include "lib/Core/Request.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/FloatingPoint.h"

namespace moert {

Context::Context(moert_session &session)
    : moert_ctx{session.accelerator ? &kDeviceFunctions : &kFunctions}, session(session),
      pool(session.host, session.maxPoolBytes) {}

moert_status Context::run(moert_request &running) {
  request = &running;
  outcome_ = success();
  exchange = {};
  hasEntered_ = false;
  failedCheck = nullptr;
  const Host &host = session.host;
  int64_t begin = host.traces() ? host.now() : 0;
  deviceNs = 0;
  if (device)
    outcome_ = uploadInputs();
  int32_t code = outcome_.code;
  if (code == MOERT_OK) {
    DefaultFloatingPoint mode;
    code = enter();
  }
  if (host.traces())
    trace(MOERT_TRACE_RUN, running.entry.name, begin, 0, nullptr);
  if (code != MOERT_OK && outcome_.code == MOERT_OK)
    outcome_ =
        failure(code > MOERT_OK && code <= MOERT_INTERNAL ? code : MOERT_INTERNAL,
                "entry '%s' ended with code %d (%s)", running.entry.name, code, codeName(code));
  if (outcome_.code == MOERT_OK && exchange.transport)
    outcome_ = failure(MOERT_INTERNAL, "entry '%s' ended within exchange '%s'", running.entry.name,
                       exchange.info->name);
  if (device)
    finishDevice();
  if (outcome_.code != MOERT_OK)
    leaveGroup(outcome_.code);
  request = nullptr;
  return outcome_;
}

/// A frame of its own, because it is returned to twice: nothing lives in it but `this`.
[[gnu::noinline]] int32_t Context::enter() {
  if (_setjmp(start_) != 0)
    return outcome_.code;
  checkInterrupted();
  hasEntered_ = true;
  const moert_buffer *inputs = device ? deviceInputs_.data() : request->inputs.data();
  return request->entry.fn(this, inputs, request->outputs.data());
}

moert_status Context::uploadInputs() {
  const moert_entry_info &entry = request->entry;
  deviceInputs_.assign(request->inputs.begin(), request->inputs.end());
  deviceOutputs.assign(entry.num_outputs, nullptr);
  for (uint32_t i = 0; i < entry.num_inputs; ++i) {
    moert_buffer &input = deviceInputs_[i];
    const void *from = input.data;
    int64_t bytes = tensorBytes(entry.inputs[i].dtype, input.rank, input.sizes);
    MOERT_RETURN_IF_FAILED(device->allocate(bytes, input.data));
    if (bytes)
      MOERT_RETURN_IF_FAILED(device->upload(input.data, from, bytes));
  }
  return session.timesDevice ? device->mark(/*isEnd=*/false) : success();
}

moert_status Context::downloadOutputs() {
  if (session.timesDevice)
    MOERT_RETURN_IF_FAILED(device->mark(/*isEnd=*/true));
  for (uint32_t i = 0; i < request->entry.num_outputs; ++i)
    if (deviceOutputs[i] && request->outputBytes(i))
      MOERT_RETURN_IF_FAILED(
          device->download(request->outputs[i].data, deviceOutputs[i], request->outputBytes(i)));
  return success();
}

void Context::finishDevice() {
  int32_t failed = 0;
  moert_status status = success();
  if (failedCheck)
    status = device->download(&failed, failedCheck, sizeof(failed));
  if (status.code == MOERT_OK && outcome_.code == MOERT_OK)
    status = downloadOutputs();
  const moert_status done = device->finish();
  if (status.code == MOERT_OK)
    status = done;
  // A run that ended early has no end to look at.
  if (status.code == MOERT_OK && outcome_.code == MOERT_OK && session.timesDevice)
    status = device->elapsed(deviceNs);
  device->end();
  // What host code ended for comes after the checks that were launched before, as on the processor;
  // who cancelled knows why.
  const bool isInterrupted =
      outcome_.code == MOERT_CANCELLED || outcome_.code == MOERT_DEADLINE_EXCEEDED;
  const moert_artifact &artifact = *session.artifact;
  if (status.code == MOERT_OK && failed != 0 && !isInterrupted)
    outcome_ =
        failed > 0 && uint32_t(failed) <= artifact.numChecks
            ? failure(artifact.checks[failed - 1].code, "%s", artifact.checks[failed - 1].message)
            : failure(MOERT_INTERNAL, "compiled code reports check %d of %u", failed,
                      artifact.numChecks);
  else if (outcome_.code == MOERT_OK)
    outcome_ = status;
}

void Context::leaveGroup(int32_t code) {
  if (!hasEntered_)
    return;
  if (session.binding)
    session.binding->group->transport->giveUp(code);
  if (exchange.transport)
    exchange.transport->abandon();
  exchange.transport = nullptr;
}

moert_status Context::findTransport(uint32_t number, ExchangeTransport *&transport) {
  if (session.binding) {
    transport = session.binding->exchanges[number];
    return success();
  }
  if (!solo_) {
    auto *made = create<SoloPart>(session.host, session.host);
    moert_status status = made ? made->create() : failure(MOERT_OUT_OF_MEMORY, "no memory");
    if (status.code != MOERT_OK) {
      destroy(session.host, made);
      return failure(MOERT_OUT_OF_MEMORY, "no memory for an exchange");
    }
    solo_ = made;
  }
  transport = &solo_->exchange();
  return success();
}

void Context::unwind(const moert_status &status) {
  outcome_ = status;
  longjmp(start_, 1);
}

void Context::trace(int32_t kind, const char *name, int64_t begin, int64_t units,
                    const void *record) const {
  moert_trace_event event = {};
  event.name = name;
  event.begin_ns = begin;
  event.end_ns = session.host.now();
  event.units = units;
  event.record = record;
  event.kind = kind;
  event.rank = session.binding ? session.binding->group->transport->rank() : 0;
  event.peer = -1;
  session.host.trace(event);
}

void Context::checkInterrupted() {
  if (request->cancelled.load(std::memory_order_relaxed))
    unwind(failure(MOERT_CANCELLED, "the request was cancelled"));
  if (request->deadline && session.host.now() >= request->deadline)
    unwind(failure(MOERT_DEADLINE_EXCEEDED, "the request's deadline has passed"));
}

} // namespace moert
