//===- TensorData.cpp - Shapes, types and bytes of tensors ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/TensorData.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SHA1.h"

#include <array>
#include <cstring>

using namespace llvm;
using namespace moec;

/// Host order is file order: the reader hands out bytes as they are.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "big-endian hosts are not supported");

std::optional<uint64_t> moec::countElements(ArrayRef<int64_t> dims) {
  int64_t product = 1;
  bool isEmpty = false;
  for (int64_t dim : dims) {
    if (dim < 0)
      return std::nullopt;
    isEmpty |= dim == 0;
    if (dim != 0 && MulOverflow(product, dim, product))
      return std::nullopt;
  }
  return isEmpty ? 0 : product;
}

template <typename Field>
static ArrayRef<char> fieldBytes(const Field &field) {
  return {reinterpret_cast<const char *>(field.data()), field.size() * sizeof(*field.data())};
}

ArrayRef<char> OnnxTensor::inlineBytes() const {
  // Booleans may be stored as any non-zero byte.
  if (range || bytes == 0 || type->type == DataType::Bool)
    return {};
  if (proto->has_raw_data() && !proto->raw_data().empty())
    return ArrayRef<char>(proto->raw_data().data(), proto->raw_data().size());
  switch (type->field) {
  case TypedField::FloatData:
    return fieldBytes(proto->float_data());
  case TypedField::DoubleData:
    return fieldBytes(proto->double_data());
  case TypedField::Int64Data:
    return fieldBytes(proto->int64_data());
  case TypedField::Int32Data:
    return type->bits == 32 ? fieldBytes(proto->int32_data()) : ArrayRef<char>();
  case TypedField::UInt64Data:
    return type->bits == 64 ? fieldBytes(proto->uint64_data()) : ArrayRef<char>();
  case TypedField::StringData:
    return {};
  }
  return {};
}

/// The typed fields of a tensor with the number of entries of each.
struct FieldCount {
  TypedField field;
  StringLiteral name;
  uint64_t count;
};
static std::array<FieldCount, 6> countFields(const onnxpb::TensorProto &proto) {
  return {{{TypedField::FloatData, "float_data", uint64_t(proto.float_data_size())},
           {TypedField::Int32Data, "int32_data", uint64_t(proto.int32_data_size())},
           {TypedField::Int64Data, "int64_data", uint64_t(proto.int64_data_size())},
           {TypedField::DoubleData, "double_data", uint64_t(proto.double_data_size())},
           {TypedField::UInt64Data, "uint64_data", uint64_t(proto.uint64_data_size())},
           {TypedField::StringData, "string_data", uint64_t(proto.string_data_size())}}};
}

/// "[2, 3]", cut after eight dimensions.
static std::string printDims(ArrayRef<int64_t> dims) {
  std::string result = "[";
  for (auto [i, dim] : enumerate(dims.take_front(8)))
    result += (i ? ", " : "") + std::to_string(dim);
  return result + (dims.size() > 8 ? ", ...]" : "]");
}

/// Subject of messages: the tensor by name where it has one.
static std::string describe(const OnnxTensor &tensor) {
  return tensor.name.empty() ? "the tensor" : "tensor " + quoteName(tensor.name);
}

TensorReader::TensorReader(const ImportContext &context, const FileSource *modelFile,
                           StringRef externalFolder)
    : context(context), modelFile(modelFile),
      external(context.limits(), externalFolder,
               modelFile ? sys::path::parent_path(modelFile->path()) : StringRef()) {}

Expected<OnnxTensor> TensorReader::check(const onnxpb::TensorProto &proto, StringRef owner,
                                         std::vector<std::string> *unknownKeys) {
  OnnxTensor tensor;
  tensor.name = proto.name();
  tensor.proto = &proto;
  tensor.type = lookupDataType(proto.data_type());
  std::string subject = describe(tensor);
  if (owner.empty())
    owner = tensor.name;
  if (!tensor.type) {
    if (proto.data_type() == 0)
      return context.bad(owner, subject + " has no element type; export the model again");
    return context.unsupported(owner, subject + " has " + dataTypeName(proto.data_type()) +
                                          ", which is newer than this reader; store it as one of "
                                          "the types up to " +
                                          dataTypeName(int32_t(DataType::Int2)));
  }
  if (proto.has_segment())
    return context.unsupported(owner, subject +
                                          " is stored in segments, which no producer is known "
                                          "to write; store it in one piece");
  if (uint64_t(proto.dims_size()) > context.limits().rank)
    return context.overLimit(owner, "the rank " + Twine(proto.dims_size()) + " of " + subject,
                             &ImportLimits::rank);
  tensor.dims.assign(proto.dims().begin(), proto.dims().end());
  std::optional<uint64_t> elements = countElements(tensor.dims);
  std::optional<uint64_t> bytes = 0;
  if (elements && tensor.type->bits)
    bytes = packedBytes(*tensor.type, *elements);
  if (!elements || !bytes)
    return context.bad(owner,
                       subject + " has the shape " + printDims(tensor.dims) +
                           ", which is negative or larger than 2^63-1 bits; export the model "
                           "again");
  if (*bytes > context.limits().tensorBytes)
    return context.overLimit(owner,
                             "the size of " + subject + " of shape " + printDims(tensor.dims) +
                                 ", " + Twine(*bytes) + " bytes,",
                             &ImportLimits::tensorBytes);
  tensor.elements = *elements;
  tensor.bytes = *bytes;
  if (Error error = checkStorage(tensor, owner, unknownKeys))
    return std::move(error);
  return tensor;
}

Error TensorReader::checkStorage(OnnxTensor &tensor, StringRef owner,
                                 std::vector<std::string> *unknownKeys) {
  const onnxpb::TensorProto &proto = *tensor.proto;
  const DataTypeInfo &type = *tensor.type;
  std::string subject = describe(tensor);
  uint64_t rawBytes = proto.has_file_bytes() ? proto.file_bytes() : proto.raw_data().size();

  uint64_t count = 0;
  StringRef fieldName, otherField;
  for (const FieldCount &field : countFields(proto)) {
    if (field.field == type.field) {
      count = field.count;
      fieldName = field.name;
    } else if (field.count) {
      otherField = field.name;
    }
  }
  if (proto.data_location() != 0 && proto.data_location() != 1)
    return context.unsupported(owner, subject + " has the unknown data_location " +
                                          Twine(proto.data_location()) +
                                          "; store it inline or as external data");
  if (!otherField.empty())
    return context.bad(owner, subject + " has data in " + otherField + ", but elements of type " +
                                  type.name + " belong into " + fieldName +
                                  " or raw_data; export "
                                  "the model again");
  bool isExternal = proto.data_location() == 1;
  if ((rawBytes != 0) + (count != 0) + isExternal > 1)
    return context.bad(owner, subject + " has data in more than one place (raw_data, " + fieldName +
                                  ", external_data); export the model again");
  if (type.type == DataType::String && (isExternal || rawBytes))
    return context.bad(owner,
                       subject + " has strings outside of string_data; export the model again");
  if (isExternal)
    return checkExternal(tensor, owner, unknownKeys);

  std::string shape = printDims(tensor.dims);
  if (rawBytes || (!count && type.bits)) {
    if (rawBytes != tensor.bytes)
      return context.bad(owner, subject + " of type " + type.name + " and shape " + shape +
                                    " needs " + Twine(tensor.bytes) + " bytes of data and has " +
                                    Twine(rawBytes) + "; export the model again");
    if (proto.has_file_bytes() && modelFile)
      tensor.range = FileRange{modelFile->path().str(), proto.file_offset(), rawBytes};
    return Error::success();
  }
  uint64_t expected = type.isPacked() ? tensor.bytes : tensor.elements * type.perElement;
  if (count != expected)
    return context.bad(owner, subject + " of type " + type.name + " and shape " + shape +
                                  " needs " + Twine(expected) + " entries in " + fieldName +
                                  " and has " + Twine(count) + "; export the model again");
  return Error::success();
}

Error TensorReader::checkExternal(OnnxTensor &tensor, StringRef owner,
                                  std::vector<std::string> *unknownKeys) {
  std::string subject = describe(tensor), message;
  std::optional<ExternalLocation> place = parseExternalLocation(*tensor.proto, message);
  if (!place)
    return context.bad(owner, subject + ": " + message);
  if (unknownKeys)
    append_range(*unknownKeys, place->unknownKeys);
  if (place->length && *place->length != tensor.bytes)
    return context.bad(owner, subject + " of type " + tensor.type->name + " and shape " +
                                  printDims(tensor.dims) + " needs " + Twine(tensor.bytes) +
                                  " bytes, but its external data has the length " +
                                  Twine(*place->length) + "; export the model again");
  ImportError::Kind kind;
  const ExternalFile *file = external.find(place->location, message, kind);
  if (!file)
    return make_error<ImportError>(kind, context.fileName, owner, subject + ": " + message);
  if (place->offset > file->size || tensor.bytes > file->size - place->offset)
    return context.bad(owner, subject + " lies at bytes " + Twine(place->offset) + " to " +
                                  Twine(place->offset + tensor.bytes) + " of external file " +
                                  quoteName(place->location) + ", which has " + Twine(file->size) +
                                  "; the file is truncated or of another model, copy it again");
  if (context.options.verifyChecksums && !place->checksum.empty())
    if (Error error = checkSha1(*file, place->checksum, owner))
      return error;
  tensor.range = FileRange{file->path, place->offset, tensor.bytes};
  return Error::success();
}

Error TensorReader::checkSha1(const ExternalFile &file, StringRef expected, StringRef owner) {
  std::lock_guard<std::mutex> lock(checksumMutex);
  std::string &actual = checksums[file.path];
  if (actual.empty()) {
    auto source = external.reopen(file.path);
    if (!source)
      return source.takeError();
    SHA1 hash;
    std::vector<char> buffer(1 << 20);
    for (uint64_t at = 0; at < file.size; at += buffer.size()) {
      MutableArrayRef<char> piece(buffer.data(), std::min<uint64_t>(buffer.size(), file.size - at));
      if (std::error_code error = (*source)->read(at, piece))
        return make_error<ImportError>(ImportError::BadInput, file.path, owner,
                                       "cannot read: " + Twine(error.message()));
      hash.update(StringRef(piece.data(), piece.size()));
    }
    actual = toHex(hash.final(), /*LowerCase=*/true);
  }
  if (actual == expected)
    return Error::success();
  return make_error<ImportError>(ImportError::BadInput, file.path, owner,
                                 "the file has the SHA-1 " + Twine(actual) +
                                     ", but the model asks "
                                     "for " +
                                     expected + "; copy the file again");
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

Error TensorReader::readRange(const OnnxTensor &tensor, std::vector<char> &bytes) const {
  const FileRange &range = *tensor.range;
  // The model file is open; an external file is opened again and may have become another one.
  std::unique_ptr<FileSource> opened;
  const FileSource *source = modelFile;
  if (!tensor.proto->has_file_bytes()) {
    auto result = external.reopen(range.path);
    if (!result)
      return result.takeError();
    opened = std::move(*result);
    source = opened.get();
  }
  if (std::error_code error = source->read(range.offset, bytes))
    return make_error<ImportError>(ImportError::BadInput, range.path, tensor.name,
                                   "cannot read " + Twine(range.bytes) + " bytes at " +
                                       Twine(range.offset) + ": " + error.message() +
                                       "; was the file changed while it was read?");
  return Error::success();
}

/// Copies int32_data with one number per element, or per byte for packed types. Writers store small
/// types sign-extended or not, so both readings of the width are accepted.
static bool narrow(const onnxpb::TensorProto &proto, unsigned bytesEach, std::vector<char> &out) {
  const int64_t low = -(int64_t(1) << (8 * bytesEach - 1)), high = int64_t(1) << (8 * bytesEach);
  char *to = out.data();
  for (int32_t number : proto.int32_data()) {
    if (number < low || number >= high)
      return false;
    std::memcpy(to, &number, bytesEach);
    to += bytesEach;
  }
  return true;
}

Expected<std::vector<char>> TensorReader::materialise(const OnnxTensor &tensor,
                                                      uint64_t maxBytes) const {
  std::string subject = describe(tensor);
  if (tensor.type->type == DataType::String)
    return context.bad(tensor.name, subject + " holds strings where numbers are needed");
  if (tensor.bytes > maxBytes)
    return make_error<ImportError>(ImportError::Resource, context.fileName, tensor.name,
                                   subject + " has " + Twine(tensor.bytes) +
                                       " bytes, more than the " + Twine(maxBytes) +
                                       " that may be read into memory here; use it as a weight");
  std::vector<char> bytes(tensor.bytes);
  if (bytes.empty())
    return bytes;
  const onnxpb::TensorProto &proto = *tensor.proto;
  if (tensor.range) {
    if (Error error = readRange(tensor, bytes))
      return std::move(error);
  } else if (!proto.raw_data().empty()) {
    std::memcpy(bytes.data(), proto.raw_data().data(), bytes.size());
  } else if (ArrayRef<char> direct = tensor.inlineBytes(); !direct.empty()) {
    std::memcpy(bytes.data(), direct.data(), bytes.size());
  } else if (tensor.type->field == TypedField::Int32Data) {
    unsigned bytesEach = tensor.type->isPacked() ? 1 : tensor.type->bits / 8;
    if (!narrow(proto, bytesEach, bytes))
      return context.bad(tensor.name, subject + " has an entry in int32_data that does not fit " +
                                          tensor.type->name + "; export the model again");
  } else { // uint32 in uint64_data
    for (auto [i, number] : enumerate(proto.uint64_data())) {
      if (number > UINT32_MAX)
        return context.bad(tensor.name, subject +
                                            " has an entry in uint64_data that does not fit " +
                                            tensor.type->name + "; export the model again");
      uint32_t narrowed = number;
      std::memcpy(bytes.data() + 4 * i, &narrowed, 4);
    }
  }
  if (tensor.type->type == DataType::Bool)
    for (char &byte : bytes)
      byte = byte != 0;
  return bytes;
}

Expected<std::vector<StringRef>> TensorReader::strings(const OnnxTensor &tensor) const {
  if (tensor.type->type != DataType::String)
    return context.bad(tensor.name, describe(tensor) + " holds elements of type " +
                                        tensor.type->name + " where strings are needed");
  return std::vector<StringRef>(tensor.proto->string_data().begin(),
                                tensor.proto->string_data().end());
}
