// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Npy.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"

#include <algorithm>
#include <cstring>

namespace moert::cli {

namespace {

constexpr char kMagic[] = "\x93NUMPY";
constexpr int64_t kMagicBytes = 6;

struct NumpyType {
  char kind;
  int64_t bytes;
  int32_t dtype;
};
constexpr NumpyType kTypes[] = {
    {'f', 4, MOERT_F32},      {'u', 1, MOERT_U8},    {'i', 1, MOERT_I8},
    {'u', 2, MOERT_U16},      {'i', 2, MOERT_I16},   {'i', 4, MOERT_I32},
    {'i', 8, MOERT_I64},      {'b', 1, MOERT_BOOL},  {'f', 2, MOERT_F16},
    {'f', 8, MOERT_F64},      {'u', 4, MOERT_U32},   {'u', 8, MOERT_U64},
    {'c', 8, MOERT_C64},      {'c', 16, MOERT_C128}, {'V', 2, MOERT_UNDEFINED},
    {'V', 1, MOERT_UNDEFINED}};

struct Header {
  std::string descr;
  bool fortran = false;
  std::vector<int64_t> shape;
};

/// The subset of Python's literals that the header's dictionary uses.
class HeaderParser {
public:
  HeaderParser(const char *text, int64_t bytes) : at_(text), end_(text + bytes) {}

  /// Null, or what is wrong.
  const char *parse(Header &header) {
    bool hasDescr = false, hasOrder = false, hasShape = false;
    if (!take('{'))
      return "its header is not a dictionary";
    while (!take('}')) {
      std::string key;
      if (!parseString(key) || !take(':'))
        return "its header is malformed";
      if (key == "descr" && !hasDescr) {
        hasDescr = true;
        if (peek() == '[')
          return "its elements are structures";
        if (!parseString(header.descr))
          return "its header is malformed";
      } else if (key == "fortran_order" && !hasOrder) {
        hasOrder = true;
        header.fortran = takeWord("True");
        if (!header.fortran && !takeWord("False"))
          return "its header is malformed";
      } else if (key == "shape" && !hasShape) {
        hasShape = true;
        if (!parseShape(header.shape))
          return "its shape is malformed";
      } else {
        return "its header has unexpected keys";
      }
      if (!take(',') && peek() != '}')
        return "its header is malformed";
    }
    if (peek() != '\0')
      return "its header is malformed";
    return hasDescr && hasOrder && hasShape ? nullptr : "its header lacks keys";
  }

private:
  /// The next character that is no space, or NUL at the end.
  char peek() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t'))
      ++at_;
    return at_ < end_ ? *at_ : '\0';
  }
  bool take(char wanted) {
    if (peek() != wanted || at_ == end_)
      return false;
    ++at_;
    return true;
  }
  bool takeWord(const char *word) {
    peek();
    size_t length = strlen(word);
    if (size_t(end_ - at_) < length || memcmp(at_, word, length) != 0)
      return false;
    at_ += length;
    return true;
  }
  bool parseString(std::string &text) {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      return false;
    const char *begin = ++at_;
    at_ = static_cast<const char *>(memchr(begin, quote, size_t(end_ - begin)));
    if (!at_) {
      at_ = end_;
      return false;
    }
    text.assign(begin, at_++);
    return true;
  }
  bool parseShape(std::vector<int64_t> &shape) {
    if (!take('('))
      return false;
    while (!take(')')) {
      int64_t value = 0;
      if (peek() < '0' || *at_ > '9')
        return false;
      for (; at_ < end_ && *at_ >= '0' && *at_ <= '9'; ++at_)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *at_ - '0', &value))
          return false;
      // Python 2 wrote long integers this way.
      takeWord("L");
      shape.push_back(value);
      if (shape.size() > MOERT_MAX_RANK || (!take(',') && peek() != ')'))
        return false;
    }
    return true;
  }

  const char *at_;
  const char *const end_;
};

/// Copies column-major elements to row-major places.
void fromFortran(const uint8_t *from, uint8_t *to, const std::vector<int64_t> &sizes,
                 int64_t elementBytes, int64_t elements) {
  std::vector<int64_t> index(sizes.size(), 0);
  std::vector<int64_t> stride(sizes.size(), elementBytes);
  for (size_t axis = sizes.size(); axis-- > 1;)
    stride[axis - 1] = stride[axis] * sizes[axis];
  int64_t offset = 0;
  for (int64_t i = 0; i < elements; ++i) {
    memcpy(to + offset, from + i * elementBytes, size_t(elementBytes));
    // The first index runs fastest.
    for (size_t axis = 0; axis < sizes.size(); ++axis) {
      offset += stride[axis];
      if (++index[axis] < sizes[axis])
        break;
      offset -= stride[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
}

void reverseBytes(uint8_t *data, int64_t bytes, int64_t numberBytes) {
  for (int64_t i = 0; i < bytes; i += numberBytes)
    std::reverse(data + i, data + i + numberBytes);
}

} // namespace

moert_status parseNpy(const uint8_t *data, int64_t bytes, const std::string &origin,
                      Tensor &tensor) {
  auto corrupt = [&](const char *what) {
    return failure(MOERT_CORRUPT, "%s: %s", origin.c_str(), what);
  };
  if (bytes < kMagicBytes + 4 || memcmp(data, kMagic, size_t(kMagicBytes)) != 0)
    return corrupt("it is no .npy file");
  int major = data[6];
  if (major < 1 || major > 3)
    return failure(MOERT_UNSUPPORTED, "%s: its .npy version %d is unknown", origin.c_str(), major);
  int64_t lengthBytes = major == 1 ? 2 : 4;
  int64_t begin = 8 + lengthBytes;
  if (bytes < begin)
    return corrupt("it is truncated");
  uint32_t length = 0;
  for (int64_t i = 0; i < lengthBytes; ++i)
    length |= uint32_t(data[8 + i]) << (8 * i);
  if (int64_t(length) > bytes - begin)
    return corrupt("it is truncated");

  Header header;
  if (const char *wrong =
          HeaderParser(reinterpret_cast<const char *>(data + begin), length).parse(header))
    return corrupt(wrong);
  const NumpyType *type = nullptr;
  bool hasOrder = !header.descr.empty() && strchr("<>|=", header.descr[0]);
  for (const NumpyType &candidate : kTypes)
    if (hasOrder && header.descr.substr(1) == candidate.kind + std::to_string(candidate.bytes))
      type = &candidate;
  if (!type)
    return failure(MOERT_UNSUPPORTED, "%s: its element type '%.40s' is not supported",
                   origin.c_str(), header.descr.c_str());

  int64_t elements = 1;
  bool isEmpty = std::count(header.shape.begin(), header.shape.end(), 0) > 0;
  for (int64_t size : header.shape)
    if (!isEmpty && __builtin_mul_overflow(elements, size, &elements))
      return corrupt("its shape is too large");
  if (isEmpty)
    elements = 0;
  int64_t dataBytes;
  int64_t present = bytes - begin - int64_t(length);
  if (__builtin_mul_overflow(elements, type->bytes, &dataBytes) || dataBytes > present)
    return corrupt("it holds fewer elements than its shape says");
  if (dataBytes < present)
    return corrupt("it goes on after its last element");
  if (!tensor.data.allocate(dataBytes))
    return failure(MOERT_OUT_OF_MEMORY, "%s: no memory for %lld bytes", origin.c_str(),
                   static_cast<long long>(dataBytes));
  const uint8_t *from = data + begin + length;
  if (header.fortran && elements > 1)
    fromFortran(from, tensor.data.data(), header.shape, type->bytes, elements);
  else if (dataBytes)
    memcpy(tensor.data.data(), from, size_t(dataBytes));
  if (header.descr[0] == '>')
    reverseBytes(tensor.data.data(), dataBytes, type->kind == 'c' ? type->bytes / 2 : type->bytes);
  tensor.dtype = type->dtype;
  tensor.elementBytes = type->bytes;
  tensor.sizes = std::move(header.shape);
  return success();
}

moert_status npyHeader(const moert_tensor &tensor, const char *name, std::string &header) {
  int32_t bits = moert_dtype_bits(tensor.dtype);
  if (bits < 8)
    return failure(MOERT_UNSUPPORTED, "output '%s': .npy has no type for %s", name,
                   dtypeName(tensor.dtype));
  std::string descr = "|V" + std::to_string(bits / 8);
  for (const NumpyType &type : kTypes)
    if (type.dtype == tensor.dtype)
      descr = (type.bytes == 1 ? '|' : '<') + (type.kind + std::to_string(type.bytes));
  header = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (";
  for (int32_t axis = 0; axis < tensor.rank; ++axis)
    header += std::to_string(tensor.sizes[axis]) + (axis + 1 < tensor.rank ? ", " : "");
  header += tensor.rank == 1 ? ",), }" : "), }";
  // The data begins at a multiple of 64, as the format asks.
  constexpr size_t kPrefix = kMagicBytes + 4;
  header.append(63 - (kPrefix + header.size()) % 64, ' ');
  header += '\n';
  std::string prefix(kMagic, size_t(kMagicBytes));
  prefix += {char(1), char(0), char(header.size() & 0xff), char(header.size() >> 8)};
  header.insert(0, prefix);
  return success();
}

} // namespace moert::cli
