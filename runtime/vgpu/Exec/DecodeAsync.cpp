// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cp.async` and its groups.
#include "vgpu/Exec/AsyncCopy.h"
#include "vgpu/Exec/Decoder.h"

#include <algorithm>

namespace moert::vgpu {

bool Decoder::decodeCp() {
  if (!take("async"))
    return notSupported();
  const auto &operands = instruction_->operands;
  if (take("commit_group")) {
    if (!isDone() || !expectOperands(0))
      return false;
    emit(commitCopies);
    return true;
  }
  const bool waitsForAll = take("wait_all");
  if (waitsForAll || take("wait_group")) {
    if (!isDone() || !expectOperands(waitsForAll ? 0 : 1))
      return false;
    if (!waitsForAll && operands[0].kind != Operand::Kind::Integer)
      return fail("has something else in place of a number of groups");
    Record &record = emit(waitForCopies);
    record.flags = waitsForAll;
    record.extra = waitsForAll ? 0 : uint32_t(std::min<uint64_t>(operands[0].value, UINT32_MAX));
    return true;
  }
  // .ca keeps a copy in the first cache, .cg does not and takes 16 bytes only.
  const bool isLarge = take("cg");
  if (isLarge == take("ca") || !takeOneOf({"shared", "shared::cta"}) || !take("global"))
    return notSupported();
  takeOneOf({"L2::64B", "L2::128B", "L2::256B"});
  const bool hasPolicy = take("L2::cache_hint");
  if (!isDone())
    return false;
  AsyncCopy copy;
  const size_t count = operands.size() - (hasPolicy && !operands.empty() ? 1 : 0);
  if (count != 3 && count != 4)
    return expectOperands(hasPolicy ? 4 : 3);
  const Operand &size = operands[2];
  if (size.kind != Operand::Kind::Integer ||
      (size.value != 16 && (isLarge || (size.value != 4 && size.value != 8))))
    return fail("has something else in place of a size of 4, 8 or 16 bytes (.cg: 16)");
  copy.bytes = uint8_t(size.value);
  if (!addressOf(operands[0], copy.to) || !addressOf(operands[1], copy.from))
    return false;
  if (count == 4) {
    // Bytes of the source, the rest becomes zero; or whether all does.
    const Operand &last = operands[3];
    copy.hasIgnore =
        last.kind == Operand::Kind::Register && function_.registers[last.index] == Type::Pred;
    if (copy.hasIgnore ? !predicateOf(last, copy.ignore) : !slotOf(last, Type::U32, copy.size))
      return false;
  }
  Record &record = emit(copyAsync, Flow::Checked);
  record.extra = uint32_t(program_.copies.size());
  program_.copies.push_back(copy);
  return true;
}

} // namespace moert::vgpu
