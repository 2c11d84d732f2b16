// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Request.h"
#include "lib/Core/Context.h"
#include "lib/Core/Options.h"
#include "lib/Core/Pool.h"

using namespace moert;

namespace {

/// Finds `name` among `count` values.
bool findValue(const moert_value_info *infos, uint32_t count, const char *name, uint32_t &index) {
  for (index = 0; index < count; ++index)
    if (strcmp(infos[index].name, name) == 0)
      return true;
  return false;
}

} // namespace

moert_request::~moert_request() {
  for (OutputSlot &slot : slots_)
    if (slot.own)
      session->host.deallocate(slot.own, size_t(slot.ownBytes), MOERT_ALIGNMENT);
}

moert_status moert_request::make(moert_session &session, const char *name,
                                 moert_request **request) {
  const moert_entry_info *entry = session.artifact->entry(name);
  if (!entry)
    return failure(MOERT_NOT_FOUND, "the artifact has no entry named '%s'", name);
  const Host &host = session.host;
  auto *made = create<moert_request>(host, session, *entry);
  if (made && made->inputs.allocate(host, entry->num_inputs) &&
      made->inputSet_.allocate(host, entry->num_inputs) &&
      made->outputs.allocate(host, entry->num_outputs) &&
      made->slots_.allocate(host, entry->num_outputs) &&
      collectDimRules(host, *entry, session.dims.data(), session.dims.size(), made->dimRules_)) {
    *request = made;
    return success();
  }
  dispose(made);
  return failure(MOERT_OUT_OF_MEMORY, "no memory for a request");
}

void moert_request::dispose(moert_request *request) {
  if (!request)
    return;
  Ref<moert_session> session = request->session;
  destroy(session->host, request);
}

moert_status moert_request::setInput(const char *name, const moert_tensor *given) {
  moert_tensor tensor;
  MOERT_RETURN_IF_FAILED(readOptions(given, "moert_tensor", tensor));
  uint32_t index;
  if (!findValue(entry.inputs, entry.num_inputs, name, index))
    return failure(MOERT_NOT_FOUND, "entry '%s' has no input named '%s'", entry.name, name);
  MOERT_RETURN_IF_FAILED(checkInput(entry.inputs[index], tensor));
  moert_buffer &input = inputs[index];
  input.data = tensor.data;
  input.rank = tensor.rank;
  std::copy_n(tensor.sizes, tensor.rank, input.sizes);
  inputSet_[index] = true;
  return success();
}

bool moert_request::findOutput(const char *name, uint32_t &index) const {
  return findValue(entry.outputs, entry.num_outputs, name, index);
}

moert_status moert_request::setOutput(const char *name, const moert_tensor *given) {
  moert_tensor tensor;
  MOERT_RETURN_IF_FAILED(readOptions(given, "moert_tensor", tensor));
  uint32_t index;
  if (!findOutput(name, index))
    return failure(MOERT_NOT_FOUND, "entry '%s' has no output named '%s'", entry.name, name);
  OutputSlot &slot = slots_[index];
  // The result of the last run may be in the memory that is replaced.
  slot.produced = false;
  slot.isGiven = given != nullptr;
  if (!given)
    return success();
  slot.isGiven = false;
  const moert_value_info &info = entry.outputs[index];
  if (tensor.dtype != info.dtype)
    return failure(MOERT_INVALID_ARGUMENT, "output '%s' is %s; the buffer given is %s", name,
                   dtypeName(info.dtype), dtypeName(tensor.dtype));
  if (tensor.bytes < 0 || (!tensor.data && tensor.bytes))
    return failure(MOERT_INVALID_ARGUMENT, "the buffer given for output '%s' has no memory", name);
  if (!isAligned(tensor.data, info.dtype))
    return failure(MOERT_INVALID_ARGUMENT,
                   "the buffer given for output '%s' is not aligned to its elements", name);
  slot.given = tensor.data;
  slot.givenBytes = tensor.bytes;
  slot.isGiven = true;
  return success();
}

moert_status moert_request::checkReady() const {
  for (uint32_t i = 0; i < entry.num_inputs; ++i)
    if (!inputSet_[i])
      return failure(MOERT_INVALID_ARGUMENT, "input '%s' (%s) is not set", entry.inputs[i].name,
                     describeType(entry.inputs[i].dtype, entry.inputs[i].rank,
                                  entry.inputs[i].sizes, entry.inputs[i].dim_names)
                         .text);
  return checkDimRules(entry, dimRules_, inputs.data());
}

moert_status moert_request::run() {
  succeeded_ = false;
  for (OutputSlot &slot : slots_)
    slot.produced = false;
  MOERT_RETURN_IF_FAILED(checkReady());
  Context *context;
  MOERT_RETURN_IF_FAILED(session->startRun(context));
  moert_status status = context->run(*this);
  if (status.code == MOERT_OK) {
    status = checkComplete();
    if (status.code != MOERT_OK)
      context->leaveGroup(status.code);
  }
  succeeded_ = status.code == MOERT_OK;
  session->finishRun(context, succeeded_);
  return status;
}

moert_status moert_request::checkComplete() const {
  for (uint32_t i = 0; i < entry.num_outputs; ++i)
    if (!slots_[i].produced)
      return failure(MOERT_INTERNAL, "entry '%s' did not produce output '%s'", entry.name,
                     entry.outputs[i].name);
  return success();
}

moert_status moert_request::produceOutput(uint32_t index, int64_t rank, const int64_t *sizes) {
  const moert_value_info &info = entry.outputs[index];
  OutputSlot &slot = slots_[index];
  if (slot.produced)
    return failure(MOERT_INTERNAL, "entry '%s' produces output '%s' twice", entry.name, info.name);
  bool fits = rank == info.rank;
  for (int32_t axis = 0; fits && axis < info.rank; ++axis)
    fits = sizes[axis] >= 0 && (info.sizes[axis] == -1 || info.sizes[axis] == sizes[axis]);
  if (!fits)
    return failure(MOERT_INTERNAL, "entry '%s' produces output '%s' as %s; its signature says %s",
                   entry.name, info.name, describeType(info.dtype, rank, sizes, nullptr).text,
                   describeType(info.dtype, info.rank, info.sizes, info.dim_names).text);
  int64_t bytes = tensorBytes(info.dtype, rank, sizes);
  int64_t room = roundToSizeClass(bytes);
  if (room < 0)
    return failure(MOERT_OUT_OF_MEMORY, "output '%s', %s, is larger than any memory", info.name,
                   describeType(info.dtype, rank, sizes, nullptr).text);
  if (slot.isGiven && bytes > slot.givenBytes)
    return failure(MOERT_RESOURCE_EXHAUSTED,
                   "output '%s' needs %lld bytes; the buffer given has %lld", info.name,
                   static_cast<long long>(bytes), static_cast<long long>(slot.givenBytes));
  if (!slot.isGiven && room > slot.ownBytes) {
    const Host &host = session->host;
    if (slot.own)
      host.deallocate(slot.own, size_t(slot.ownBytes), MOERT_ALIGNMENT);
    slot.ownBytes = 0;
    slot.own = host.allocate(size_t(room), MOERT_ALIGNMENT);
    if (!slot.own)
      return failure(MOERT_OUT_OF_MEMORY, "no memory for the %lld bytes of output '%s'",
                     static_cast<long long>(bytes), info.name);
    slot.ownBytes = room;
  }
  moert_buffer &buffer = outputs[index];
  buffer.data = slot.isGiven ? slot.given : slot.own;
  buffer.rank = rank;
  std::copy_n(sizes, rank, buffer.sizes);
  slot.bytes = bytes;
  slot.produced = true;
  return success();
}

moert_status moert_request::output(const char *name, moert_tensor *tensor) {
  uint32_t index;
  if (!findOutput(name, index))
    return failure(MOERT_NOT_FOUND, "entry '%s' has no output named '%s'", entry.name, name);
  if (!succeeded_ || !slots_[index].produced)
    return failure(MOERT_FAILED_PRECONDITION,
                   "output '%s' is not there: the request has not run successfully", name);
  moert_tensor result = {};
  result.data = outputs[index].data;
  result.bytes = slots_[index].bytes;
  result.dtype = entry.outputs[index].dtype;
  result.rank = int32_t(outputs[index].rank);
  result.sizes = outputs[index].sizes;
  return writeStructure(result, "moert_tensor", tensor);
}

moert_status moert_request::reset() {
  std::fill(inputSet_.begin(), inputSet_.end(), false);
  for (OutputSlot &slot : slots_) {
    slot.isGiven = false;
    slot.produced = false;
  }
  succeeded_ = false;
  deadline = 0;
  cancelled.store(false, std::memory_order_relaxed);
  return success();
}
