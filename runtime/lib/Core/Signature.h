// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensors against signatures: sizes in bytes, types in words, and what does not fit.
#ifndef MOERT_LIB_CORE_SIGNATURE_H
#define MOERT_LIB_CORE_SIGNATURE_H

#include "lib/Core/Host.h"

namespace moert {

/// "f32" and so on, "unknown" for others.
const char *dtypeName(int32_t dtype);

/// Bytes of a dense tensor, or -1 for negative sizes and beyond 2^60. A tensor with a size of 0
/// has 0 bytes, whatever its other sizes.
int64_t tensorBytes(int32_t dtype, int64_t rank, const int64_t *sizes);

/// A type in words, "f32[N,64]", in storage of its own.
struct TypeText {
  char text[192];
};
/// `names` may be null; it matters where a size is -1, which without a name reads "?".
TypeText describeType(int32_t dtype, int64_t rank, const int64_t *sizes, const char *const *names);

/// Whether data of a tensor of the host is aligned as its element type asks.
bool isAligned(const void *data, int32_t dtype);

/// Whether `tensor` can be input `info`: dtype, rank, fixed sizes and length.
moert_status checkInput(const moert_value_info &info, const moert_tensor &tensor);

/// One demand on the sizes of a call: size `axis` of input `input` equals `size`, or where that is
/// -1 the size `otherAxis` of input `otherInput`.
struct DimRule {
  uint32_t input;
  int32_t axis;
  int64_t size;
  uint32_t otherInput;
  int32_t otherAxis;
};

/// What equal names and bound names demand of an entry's inputs. False when out of memory.
[[nodiscard]] bool collectDimRules(const Host &host, const moert_entry_info &entry,
                                   const moert_dim_binding *bindings, size_t numBindings,
                                   Array<DimRule> &rules);

moert_status checkDimRules(const moert_entry_info &entry, const Array<DimRule> &rules,
                           const moert_buffer *inputs);

} // namespace moert

#endif // MOERT_LIB_CORE_SIGNATURE_H
