// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/TensorProto.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"

#include <algorithm>
#include <cstring>

namespace moert::cli {

namespace {

enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

/// A range of the file, read from its front. Every read fails rather than leave it.
class Reader {
public:
  Reader(const uint8_t *data, int64_t bytes) : at_(data), end_(data + bytes) {}

  bool atEnd() const { return at_ == end_; }
  int64_t left() const { return end_ - at_; }
  const uint8_t *data() const { return at_; }

  bool varint(uint64_t &value) {
    value = 0;
    for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
      uint8_t byte = *at_++;
      if (shift == 63 && byte > 1)
        return false;
      value |= uint64_t(byte & 0x7f) << shift;
      if (byte < 0x80)
        return true;
    }
    return false;
  }
  bool tag(uint32_t &field, uint32_t &wire) {
    uint64_t value;
    if (!varint(value) || value > UINT32_MAX || value >> 3 == 0)
      return false;
    field = uint32_t(value >> 3);
    wire = uint32_t(value & 7);
    return true;
  }
  bool bytes(Reader &inner) {
    uint64_t length;
    if (!varint(length) || length > uint64_t(left()))
      return false;
    inner = Reader(at_, int64_t(length));
    at_ += length;
    return true;
  }
  bool skip(int64_t count) {
    if (count > left())
      return false;
    at_ += count;
    return true;
  }
  bool skipField(uint32_t wire) {
    uint64_t ignored;
    Reader inner(nullptr, 0);
    switch (wire) {
    case kVarint:
      return varint(ignored);
    case kFixed64:
      return skip(8);
    case kBytes:
      return bytes(inner);
    case kFixed32:
      return skip(4);
    default:
      return false; // groups left the language before ONNX was there
    }
  }

private:
  const uint8_t *at_;
  const uint8_t *end_;
};

/// The field a type's elements are in when there is no raw_data.
struct TypedField {
  uint32_t field;
  uint32_t wire;  // of one number
  int64_t number; // bytes of one number in the tensor
};

TypedField typedField(int32_t dtype) {
  switch (dtype) {
  case MOERT_F32:
  case MOERT_C64:
    return {4, kFixed32, 4};
  case MOERT_F64:
  case MOERT_C128:
    return {10, kFixed64, 8};
  case MOERT_I64:
    return {7, kVarint, 8};
  case MOERT_U32:
    return {11, kVarint, 4};
  case MOERT_U64:
    return {11, kVarint, 8};
  default:
    // int32_data, one number per element or, for packed types, per byte.
    return {5, kVarint, std::max<int64_t>(1, moert_dtype_bits(dtype) / 8)};
  }
}

struct Proto {
  std::vector<int64_t> dims;
  int64_t dataType = 0;
  std::string name;
  bool hasRaw = false;
  Reader raw{nullptr, 0};
  /// Occurrences of the typed fields: packed ranges or single numbers, in order.
  struct Piece {
    uint32_t field;
    uint32_t wire;
    Reader range;
  };
  std::vector<Piece> pieces;
};

moert_status readFields(Reader file, const std::string &origin, Proto &proto) {
  auto corrupt = [&](const char *what) {
    return failure(MOERT_CORRUPT, "'%s': %s", origin.c_str(), what);
  };
  auto unsupported = [&](const char *what) {
    return failure(MOERT_UNSUPPORTED, "'%s': %s", origin.c_str(), what);
  };
  constexpr const char *kMalformed = "it is no TensorProto, or truncated";
  auto addDim = [&](Reader &from) {
    uint64_t dim;
    if (!from.varint(dim))
      return false;
    proto.dims.push_back(int64_t(dim));
    return proto.dims.size() <= MOERT_MAX_RANK;
  };
  while (!file.atEnd()) {
    uint32_t field, wire;
    if (!file.tag(field, wire))
      return corrupt(kMalformed);
    const uint8_t *begin = file.data();
    uint64_t number = 0;
    Reader range(nullptr, 0);
    if (field == 1 && wire == kVarint) {
      if (!addDim(file))
        return corrupt("its dimensions are malformed, or more than eight");
      continue;
    }
    if (wire == kVarint  ? !file.varint(number)
        : wire == kBytes ? !file.bytes(range)
                         : !file.skipField(wire))
      return corrupt(kMalformed);
    switch (field) {
    case 1:
      while (wire == kBytes && !range.atEnd())
        if (!addDim(range))
          return corrupt("its dimensions are malformed, or more than eight");
      break;
    case 2:
      proto.dataType = wire == kVarint && number <= INT32_MAX ? int64_t(number) : -1;
      break;
    case 3:
      return unsupported("it is a segment of a tensor");
    case 4:
    case 5:
    case 7:
    case 10:
    case 11:
      if (wire != kBytes)
        range = Reader(begin, file.data() - begin);
      proto.pieces.push_back({field, wire, range});
      break;
    case 6:
      return unsupported("strings are not supported");
    case 8:
      if (wire == kBytes)
        proto.name.assign(reinterpret_cast<const char *>(range.data()), size_t(range.left()));
      break;
    case 9:
      proto.hasRaw = wire == kBytes;
      proto.raw = range;
      break;
    case 13:
      return unsupported("its data is in another file");
    case 14:
      if (number == 1)
        return unsupported("its data is in another file");
      break;
    default:
      break;
    }
  }
  return success();
}

/// Copies the numbers of typed fields into the tensor. Null, or what is wrong.
const char *copyTyped(const Proto &proto, const TypedField &typed, Buffer &data) {
  int64_t filled = 0;
  for (const Proto::Piece &piece : proto.pieces) {
    if (piece.field != typed.field)
      return "its data is in a field of another type";
    if (piece.wire != kBytes && piece.wire != typed.wire)
      return "its data is malformed";
    Reader range = piece.range;
    while (!range.atEnd()) {
      if (filled == data.size())
        return "it holds more elements than its dimensions say";
      uint64_t number = 0;
      if (typed.wire == kVarint) {
        if (!range.varint(number))
          return "its data is malformed";
      } else {
        if (range.left() < typed.number)
          return "its data is malformed";
        memcpy(&number, range.data(), size_t(typed.number));
        range.skip(typed.number);
      }
      int64_t bytes = std::min(typed.number, data.size() - filled);
      memcpy(data.data() + filled, &number, size_t(bytes));
      filled += bytes;
    }
  }
  return filled == data.size() ? nullptr : "it holds fewer elements than its dimensions say";
}

} // namespace

moert_status parseTensorProto(const uint8_t *data, int64_t bytes, const std::string &origin,
                              Tensor &tensor) {
  auto corrupt = [&](const char *what) {
    return failure(MOERT_CORRUPT, "'%s': %s", origin.c_str(), what);
  };
  Proto proto;
  MOERT_RETURN_IF_FAILED(readFields(Reader(data, bytes), origin, proto));
  if (proto.dataType == MOERT_STRING)
    return failure(MOERT_UNSUPPORTED, "'%s': strings are not supported", origin.c_str());
  int32_t dtype = int32_t(proto.dataType);
  if (moert_dtype_bits(dtype) == 0)
    return corrupt("its data type is missing or unknown");
  int64_t size = tensorBytes(dtype, int64_t(proto.dims.size()), proto.dims.data());
  if (size < 0)
    return corrupt("its dimensions are negative or too large");
  // A number takes at least one byte of the file, and at most eight in memory.
  if (size / 8 > bytes)
    return corrupt("it holds fewer elements than its dimensions say");
  if (proto.hasRaw && !proto.pieces.empty())
    return corrupt("it has both raw and typed data");
  if (proto.hasRaw && proto.raw.left() != size)
    return corrupt("its data has another size than its dimensions say");
  if (!tensor.data.allocate(size))
    return failure(MOERT_OUT_OF_MEMORY, "'%s': no memory for %lld bytes", origin.c_str(),
                   static_cast<long long>(size));
  if (proto.hasRaw) {
    if (size)
      memcpy(tensor.data.data(), proto.raw.data(), size_t(size));
  } else if (const char *wrong = copyTyped(proto, typedField(dtype), tensor.data)) {
    return corrupt(wrong);
  }
  tensor.name = std::move(proto.name);
  tensor.dtype = dtype;
  tensor.elementBytes = moert_dtype_bits(dtype) / 8;
  tensor.sizes = std::move(proto.dims);
  return success();
}

} // namespace moert::cli
