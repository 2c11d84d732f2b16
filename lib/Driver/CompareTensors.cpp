//===- CompareTensors.cpp - Outputs against expected ones -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/CompareTensors.h"

#include "lib/Core/Signature.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace llvm;
using namespace moec;

namespace {

/// How elements of a type are compared.
struct ElementKind {
  /// Null for integers.
  const fltSemantics *semantics = nullptr;
  unsigned bits = 0;
  /// Real numbers per element: two for complex ones.
  unsigned parts = 1;
  bool isSigned = false;
  double rtol = 0, atol = 0;
};

ElementKind kindOf(int32_t dtype) {
  constexpr double rtol = 1e-3, atol = 1e-5;
  switch (dtype) {
  case MOERT_F32:
    return {&APFloat::IEEEsingle(), 32, 1, false, rtol, atol};
  case MOERT_F64:
    return {&APFloat::IEEEdouble(), 64, 1, false, rtol, atol};
  case MOERT_C64:
    return {&APFloat::IEEEsingle(), 32, 2, false, rtol, atol};
  case MOERT_C128:
    return {&APFloat::IEEEdouble(), 64, 2, false, rtol, atol};
  case MOERT_F16:
    return {&APFloat::IEEEhalf(), 16, 1, false, 4e-3, atol};
  case MOERT_BF16:
    return {&APFloat::BFloat(), 16, 1, false, 2e-2, atol};
  case MOERT_F8E4M3FN:
    return {&APFloat::Float8E4M3FN(), 8};
  case MOERT_F8E4M3FNUZ:
    return {&APFloat::Float8E4M3FNUZ(), 8};
  case MOERT_F8E5M2:
    return {&APFloat::Float8E5M2(), 8};
  case MOERT_F8E5M2FNUZ:
    return {&APFloat::Float8E5M2FNUZ(), 8};
  case MOERT_F8E8M0:
    return {&APFloat::Float8E8M0FNU(), 8};
  case MOERT_F4E2M1:
    return {&APFloat::Float4E2M1FN(), 4};
  default: {
    bool isSigned = dtype == MOERT_I4 || dtype == MOERT_I8 || dtype == MOERT_I16 ||
                    dtype == MOERT_I32 || dtype == MOERT_I64;
    return {nullptr, unsigned(moert_dtype_bits(dtype)), 1, isSigned};
  }
  }
}

/// Number `index` of a tensor, as bits. Types of less than a byte are packed from the low end.
uint64_t bitsAt(const void *data, int64_t index, unsigned bits) {
  auto *bytes = static_cast<const uint8_t *>(data);
  if (bits < 8) {
    int64_t bit = index * bits;
    return (bytes[bit / 8] >> (bit % 8)) & ((1u << bits) - 1);
  }
  uint64_t value = 0;
  std::memcpy(&value, bytes + index * (bits / 8), bits / 8);
  return value;
}

double toDouble(const ElementKind &kind, uint64_t bits) {
  if (kind.bits == 64)
    return llvm::bit_cast<double>(bits);
  if (kind.bits == 32)
    return llvm::bit_cast<float>(static_cast<uint32_t>(bits));
  return APFloat(*kind.semantics, APInt(kind.bits, bits)).convertToDouble();
}

bool isClose(double got, double expected, double rtol, double atol) {
  if (std::isnan(got) || std::isnan(expected))
    return std::isnan(got) && std::isnan(expected);
  // Also for equal infinities, whose difference is none.
  if (got == expected)
    return true;
  return std::isfinite(got) && std::isfinite(expected) &&
         std::abs(got - expected) <= atol + rtol * std::abs(expected);
}

std::string toText(const ElementKind &kind, uint64_t bits) {
  if (kind.semantics) {
    char text[40];
    snprintf(text, sizeof(text), kind.bits == 64 ? "%.17g" : "%.9g", toDouble(kind, bits));
    return text;
  }
  return toString(APInt(kind.bits, bits), 10, kind.isSigned);
}

/// "[1,0]", where element `index` of a tensor is.
std::string placeOf(int64_t index, ArrayRef<int64_t> sizes) {
  SmallVector<int64_t, 8> place(sizes.size());
  for (size_t i = sizes.size(); i-- > 0; index /= sizes[i])
    place[i] = index % sizes[i];
  return "[" + llvm::join(map_range(place, [](int64_t i) { return std::to_string(i); }), ",") + "]";
}

} // namespace

std::optional<std::string> moec::compareTensors(const moert_tensor &got,
                                                const moert::cli::Tensor &expected,
                                                const Tolerance &tolerance) {
  ArrayRef<int64_t> sizes = expected.sizes;
  if (got.dtype != expected.dtype || ArrayRef<int64_t>(got.sizes, got.rank) != sizes)
    return std::string("is ") + moert::describeType(got.dtype, got.rank, got.sizes, nullptr).text +
           ", expected " +
           moert::describeType(expected.dtype, sizes.size(), sizes.data(), nullptr).text;
  ElementKind kind = kindOf(expected.dtype);
  double rtol = kind.rtol, atol = kind.atol;
  if (kind.semantics && kind.bits >= 16) {
    rtol = tolerance.rtol.value_or(rtol);
    atol = tolerance.atol.value_or(atol);
  }
  int64_t elements = 1, wrong = 0, first = 0;
  for (int64_t size : sizes)
    elements *= size;
  for (int64_t i = 0; i < elements; ++i) {
    bool isEqual = true;
    for (unsigned part = 0; part < kind.parts; ++part) {
      uint64_t a = bitsAt(got.data, i * kind.parts + part, kind.bits);
      uint64_t b = bitsAt(expected.data.data(), i * kind.parts + part, kind.bits);
      isEqual &=
          a == b || (kind.semantics && isClose(toDouble(kind, a), toDouble(kind, b), rtol, atol));
    }
    if (!isEqual && wrong++ == 0)
      first = i;
  }
  if (!wrong)
    return std::nullopt;
  std::string values[2];
  for (auto [text, data] : {std::pair(&values[0], static_cast<const void *>(got.data)),
                            std::pair(&values[1], static_cast<const void *>(expected.data.data()))})
    for (unsigned part = 0; part < kind.parts; ++part)
      *text +=
          (part ? " + i " : "") + toText(kind, bitsAt(data, first * kind.parts + part, kind.bits));
  std::string message;
  llvm::raw_string_ostream os(message);
  os << "differs in " << wrong << " of " << elements << " elements, first at "
     << placeOf(first, sizes) << ": " << values[0] << ", expected " << values[1];
  if (rtol != 0 || atol != 0)
    os << format(" (rtol %g, atol %g)", rtol, atol);
  return message;
}
