//===- Npy.cpp - NumPy files ------------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Npy.h"

#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace moec;
using llvm::StringRef;

// Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html

static constexpr StringRef magic("\x93NUMPY", 6);

static llvm::Error bad(StringRef path, const llvm::Twine &reason) {
  return llvm::createStringError(path + ": " + reason);
}

/// The type that stands for `dtype` in a file.
static DType fileType(DType dtype) {
  if (dtype == DType::BF16)
    return DType::F32;
  return dtype == DType::Index ? DType::I64 : dtype;
}

static StringRef descriptorOf(DType dtype) {
  switch (fileType(dtype)) {
  case DType::F16:
    return "<f2";
  case DType::F64:
    return "<f8";
  case DType::I1:
    return "|b1";
  case DType::I8:
    return "|i1";
  case DType::I32:
    return "<i4";
  case DType::I64:
    return "<i8";
  default:
    return "<f4";
  }
}

/// The text behind `'key':` in the header's dictionary, or an empty one.
static StringRef entry(StringRef header, StringRef key) {
  size_t at = header.find(("'" + key + "'").str());
  if (at == StringRef::npos)
    return "";
  return header.substr(at + key.size() + 2)
      .ltrim()
      .drop_while([](char c) { return c == ':'; })
      .ltrim();
}

static llvm::Expected<llvm::SmallVector<int64_t>> parseShape(StringRef path, StringRef header) {
  StringRef text = entry(header, "shape");
  size_t end = text.find(')');
  if (!text.consume_front("(") || end == StringRef::npos)
    return bad(path, "the header has no shape");
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<StringRef> parts;
  text.take_front(end - 1).split(parts, ',');
  for (StringRef part : parts) {
    int64_t size;
    if (part.trim().empty())
      continue;
    if (part.trim().getAsInteger(10, size) || size < 0)
      return bad(path, "the header's shape has no size '" + part.trim() + "'");
    shape.push_back(size);
  }
  return shape;
}

llvm::Expected<Tensor> moec::readNpy(StringRef path, DType dtype) {
  auto buffer =
      llvm::MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return bad(path, buffer.getError().message());
  StringRef data = (*buffer)->getBuffer();
  if (!data.starts_with(magic) || data.size() < 12)
    return bad(path, "is no .npy file");
  // Version 1 has a length of two bytes, later ones of four.
  bool first = data[6] == 1;
  uint64_t length = first ? llvm::support::endian::read16le(data.data() + 8)
                          : llvm::support::endian::read32le(data.data() + 8);
  StringRef rest = data.substr(first ? 10 : 12);
  if (length > rest.size())
    return bad(path, "ends inside its header");
  StringRef header = rest.take_front(length), elements = rest.drop_front(length);

  StringRef descriptor = entry(header, "descr");
  if (!descriptor.consume_front("'") || !descriptor.starts_with((descriptorOf(dtype) + "'").str()))
    return bad(path, "holds elements '" + descriptor.take_until([](char c) { return c == '\''; }) +
                         "', expected '" + descriptorOf(dtype) + "' for " + nameOf(dtype));
  if (!entry(header, "fortran_order").starts_with("False"))
    return bad(path, "is in Fortran order; save numpy.ascontiguousarray(x)");
  llvm::Expected<llvm::SmallVector<int64_t>> shape = parseShape(path, header);
  if (!shape)
    return shape.takeError();
  std::optional<Tensor> stored = Tensor::create(fileType(dtype), *shape);
  std::optional<Tensor> result = Tensor::create(dtype, *shape);
  if (!stored || !result)
    return bad(path, "is too large for memory");
  size_t bytes = stored->numElements() * bytesOf(stored->dtype());
  if (elements.size() != bytes)
    return bad(path, "has " + llvm::Twine(elements.size()) +
                         " bytes of elements, its shape needs " + llvm::Twine(bytes));
  std::memcpy(stored->bytes(), elements.data(), bytes);
  if (stored->dtype() == dtype)
    return *stored;
  for (int64_t i = 0; i < stored->numElements(); ++i) {
    if (isReal(dtype))
      result->setReal(i, stored->real(i));
    else
      result->setInteger(i, stored->integer(i));
  }
  return *result;
}

llvm::Error moec::writeNpy(StringRef path, const Tensor &tensor) {
  std::string shape;
  for (int64_t size : tensor.shape())
    shape += std::to_string(size) + ",";
  std::string header = "{'descr': '" + descriptorOf(tensor.dtype()).str() +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }";
  // Magic, version and length take 10 bytes; elements start at a multiple of 64.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  if (header.size() > UINT16_MAX)
    return bad(path, "a tensor of that many dimensions does not fit a .npy header");

  std::optional<Tensor> stored = Tensor::create(fileType(tensor.dtype()), tensor.shape());
  if (!stored)
    return bad(path, "no memory to convert the tensor");
  for (int64_t i = 0; i < tensor.numElements(); ++i) {
    if (isReal(tensor.dtype()))
      stored->setReal(i, tensor.real(i));
    else
      stored->setInteger(i, tensor.integer(i));
  }
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (code)
    return bad(path, code.message());
  os << magic << '\1' << '\0' << char(header.size() & 255) << char(header.size() >> 8) << header;
  os.write(reinterpret_cast<const char *>(stored->bytes()),
           stored->numElements() * bytesOf(stored->dtype()));
  os.close();
  if (os.has_error()) {
    code = os.error();
    os.clear_error();
    return bad(path, code.message());
  }
  return llvm::Error::success();
}
