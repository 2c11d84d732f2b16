// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"

#include <algorithm>
#include <cstdio>

namespace moert {

const char *dtypeName(int32_t dtype) {
  static constexpr const char *kNames[] = {
      "undefined",  "f32",    "u8",         "i8",  "u16", "i16",    "i32",    "i64",  "string",
      "bool",       "f16",    "f64",        "u32", "u64", "c64",    "c128",   "bf16", "f8e4m3fn",
      "f8e4m3fnuz", "f8e5m2", "f8e5m2fnuz", "u4",  "i4",  "f4e2m1", "f8e8m0", "u2"};
  static_assert(sizeof(kNames) / sizeof(kNames[0]) == MOERT_U2 + 1, "one name per type");
  return dtype >= 0 && dtype <= MOERT_U2 ? kNames[dtype] : "unknown";
}

int64_t tensorBytes(int32_t dtype, int64_t rank, const int64_t *sizes) {
  if (rank < 0 || rank > MOERT_MAX_RANK)
    return -1;
  if (std::any_of(sizes, sizes + rank, [](int64_t size) { return size < 0; }))
    return -1;
  if (std::any_of(sizes, sizes + rank, [](int64_t size) { return size == 0; }))
    return 0;
  int64_t bits = moert_dtype_bits(dtype);
  for (int64_t axis = 0; axis < rank; ++axis)
    if (__builtin_mul_overflow(bits, sizes[axis], &bits))
      return -1;
  return bits / 8 + (bits % 8 != 0);
}

TypeText describeType(int32_t dtype, int64_t rank, const int64_t *sizes, const char *const *names) {
  TypeText type;
  size_t length = 0;
  auto append = [&](const char *format, auto value) {
    if (length < sizeof(type.text))
      length += size_t(snprintf(type.text + length, sizeof(type.text) - length, format, value));
  };
  append("%s[", dtypeName(dtype));
  for (int64_t axis = 0; axis < std::min<int64_t>(rank, MOERT_MAX_RANK); ++axis) {
    if (axis > 0)
      append("%s", ",");
    if (sizes[axis] == -1)
      append("%s", names && names[axis] ? names[axis] : "?");
    else
      append("%lld", static_cast<long long>(sizes[axis]));
  }
  append("%s", "]");
  return type;
}

bool isAligned(const void *data, int32_t dtype) {
  // Complex numbers are pairs of their parts, and no part is wider than eight bytes.
  bool isComplex = dtype == MOERT_C64 || dtype == MOERT_C128;
  int32_t bytes = moert_dtype_bits(dtype) / (isComplex ? 16 : 8);
  return bytes <= 1 || reinterpret_cast<uintptr_t>(data) % uintptr_t(bytes) == 0;
}

moert_status checkInput(const moert_value_info &info, const moert_tensor &tensor) {
  auto mismatch = [&](const char *what) {
    return failure(MOERT_INVALID_ARGUMENT, "input '%s' has the wrong %s: expected %s, got %s",
                   info.name, what,
                   describeType(info.dtype, info.rank, info.sizes, info.dim_names).text,
                   describeType(tensor.dtype, tensor.rank, tensor.sizes, nullptr).text);
  };
  if (tensor.rank < 0 || tensor.rank > MOERT_MAX_RANK)
    return failure(MOERT_INVALID_ARGUMENT, "input '%s' has rank %d; expected %d", info.name,
                   tensor.rank, info.rank);
  if (tensor.rank > 0 && !tensor.sizes)
    return failure(MOERT_INVALID_ARGUMENT, "input '%s' comes without its sizes", info.name);
  if (tensor.dtype != info.dtype)
    return mismatch("element type");
  if (tensor.rank != info.rank)
    return mismatch("rank");
  for (int32_t axis = 0; axis < info.rank; ++axis)
    if (tensor.sizes[axis] < 0 ||
        (info.sizes[axis] != -1 && tensor.sizes[axis] != info.sizes[axis]))
      return mismatch("shape");
  int64_t bytes = tensorBytes(tensor.dtype, tensor.rank, tensor.sizes);
  if (bytes < 0)
    return failure(MOERT_INVALID_ARGUMENT, "input '%s' is larger than any memory", info.name);
  if (tensor.bytes != bytes)
    return failure(MOERT_INVALID_ARGUMENT, "input '%s' comes with %lld bytes; %s has %lld",
                   info.name, static_cast<long long>(tensor.bytes),
                   describeType(tensor.dtype, tensor.rank, tensor.sizes, nullptr).text,
                   static_cast<long long>(bytes));
  if (!tensor.data && bytes)
    return failure(MOERT_INVALID_ARGUMENT, "input '%s' comes without data", info.name);
  if (!isAligned(tensor.data, tensor.dtype))
    return failure(MOERT_INVALID_ARGUMENT, "data of input '%s' is not aligned to its elements",
                   info.name);
  return success();
}

namespace {

const char *dimName(const moert_value_info &info, int32_t axis) {
  return info.dim_names ? info.dim_names[axis] : nullptr;
}

/// The first place, in order of inputs and axes, that bears the name.
DimRule firstWithName(const moert_entry_info &entry, const char *name) {
  for (uint32_t input = 0;; ++input)
    for (int32_t axis = 0; axis < entry.inputs[input].rank; ++axis)
      if (const char *other = dimName(entry.inputs[input], axis); other && strcmp(other, name) == 0)
        return {input, axis, -1, input, axis};
}

} // namespace

bool collectDimRules(const Host &host, const moert_entry_info &entry,
                     const moert_dim_binding *bindings, size_t numBindings, Array<DimRule> &rules) {
  size_t named = 0;
  auto forEachNamed = [&](auto visit) {
    for (uint32_t input = 0; input < entry.num_inputs; ++input)
      for (int32_t axis = 0; axis < entry.inputs[input].rank; ++axis)
        if (const char *name = dimName(entry.inputs[input], axis))
          visit(input, axis, name);
  };
  forEachNamed([&](uint32_t, int32_t, const char *) { ++named; });
  if (!rules.allocate(host, named))
    return false;
  DimRule *rule = rules.begin();
  forEachNamed([&](uint32_t input, int32_t axis, const char *name) {
    *rule = firstWithName(entry, name);
    rule->input = input;
    rule->axis = axis;
    for (size_t i = 0; i < numBindings; ++i)
      if (strcmp(bindings[i].name, name) == 0)
        rule->size = bindings[i].size;
    ++rule;
  });
  return true;
}

moert_status checkDimRules(const moert_entry_info &entry, const Array<DimRule> &rules,
                           const moert_buffer *inputs) {
  for (const DimRule &rule : rules) {
    int64_t got = inputs[rule.input].sizes[rule.axis];
    const moert_value_info &info = entry.inputs[rule.input];
    if (rule.size >= 0 && got != rule.size)
      return failure(MOERT_INVALID_ARGUMENT,
                     "dimension '%s' is %lld in input '%s', but the session binds it to %lld",
                     dimName(info, rule.axis), static_cast<long long>(got), info.name,
                     static_cast<long long>(rule.size));
    int64_t other = inputs[rule.otherInput].sizes[rule.otherAxis];
    if (got != other)
      return failure(MOERT_INVALID_ARGUMENT,
                     "dimension '%s' is %lld in input '%s' and %lld in input '%s'",
                     dimName(info, rule.axis), static_cast<long long>(other),
                     entry.inputs[rule.otherInput].name, static_cast<long long>(got), info.name);
  }
  return success();
}

} // namespace moert
