// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A call of an entry: its inputs, its outputs and their memory.
#ifndef MOERT_LIB_CORE_REQUEST_H
#define MOERT_LIB_CORE_REQUEST_H

#include "lib/Core/Session.h"
#include "lib/Core/Signature.h"

#include <atomic>

namespace moert {

/// Where one output goes, and what the last run made of it.
struct OutputSlot {
  void *given; // the caller's memory; only where `isGiven`
  int64_t givenBytes;
  void *own; // the request's memory, grown when needed and kept
  int64_t ownBytes;
  int64_t bytes; // of the output
  bool isGiven;
  bool produced; // by the run in progress or the last one
};

} // namespace moert

struct moert_request final {
  moert_request(moert_session &session, const moert_entry_info &entry)
      : session(&session), entry(entry) {}
  ~moert_request();

  static moert_status make(moert_session &session, const char *entry, moert_request **request);
  static void dispose(moert_request *request);

  moert_status setInput(const char *name, const moert_tensor *given);
  moert_status setOutput(const char *name, const moert_tensor *given);
  moert_status run();
  moert_status output(const char *name, moert_tensor *tensor);
  moert_status reset();

  /// Makes room for an output and fills outputs[index]; called from within the run.
  moert_status produceOutput(uint32_t index, int64_t rank, const int64_t *sizes);

  /// Bytes of an output that has been made room for.
  int64_t outputBytes(uint32_t index) const { return slots_[index].bytes; }

  const moert::Ref<moert_session> session;
  const moert_entry_info &entry;
  moert::Array<moert_buffer> inputs;
  moert::Array<moert_buffer> outputs;
  std::atomic<bool> cancelled{false};
  int64_t deadline = 0;

private:
  moert_status checkReady() const;
  moert_status checkComplete() const;
  bool findOutput(const char *name, uint32_t &index) const;

  moert::Array<bool> inputSet_;
  moert::Array<moert::OutputSlot> slots_;
  moert::Array<moert::DimRule> dimRules_;
  bool succeeded_ = false;
};

#endif // MOERT_LIB_CORE_REQUEST_H
