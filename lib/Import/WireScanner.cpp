//===- WireScanner.cpp - Checks protobuf bytes before parsing ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Encoding: https://protobuf.dev/programming-guides/encoding. A message is a sequence of fields; a
// field is a varint `number << 3 | wire type` and a payload whose extent the wire type tells.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/WireScanner.h"
#include "lib/Import/ByteWindow.h"
#include "lib/Import/ImportError.h"
#include "lib/Import/WireSchema.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/ConvertUTF.h"

#include <climits>
#include <utility>

using namespace llvm;
using namespace moec;

namespace {

class Scanner {
public:
  Scanner(const ByteSource &source, StringRef fileName, const ImportOptions &options)
      : in(source), options(options), limits(options.limits), fileName(fileName) {}

  Expected<ScannedModel> run() {
    out.reserve(std::min<uint64_t>(in.size(), 1 << 20) + 64);
    if (!scanMessage(modelSchema, in.size()))
      return Error(std::move(failure));
    return ScannedModel{std::move(out), std::move(ignored)};
  }

private:
  //===--------------------------------------------------------------------===//
  // Failure. Functions return false once `failure` is set.
  //===--------------------------------------------------------------------===//

  bool fail(ImportError::Kind kind, uint64_t byte, const Twine &message) {
    if (in.error())
      failure = std::make_unique<ImportError>(kind, fileName, "",
                                              "cannot read: " + Twine(in.error().message()));
    else
      failure = std::make_unique<ImportError>(kind, fileName, path(),
                                              "at byte " + Twine(byte) + ": " + message);
    return false;
  }
  bool malformed(uint64_t byte, const Twine &message) {
    return fail(ImportError::BadInput, byte,
                message + "; the file is damaged or not an ONNX model, copy or export it again");
  }
  bool overrun(uint64_t byte, uint64_t end) {
    if (end == in.size())
      return fail(ImportError::BadInput, byte,
                  "the file ends in the middle of a field; it is truncated, copy it again");
    return malformed(byte, "a field runs past the end of the message around it");
  }
  bool overLimit(uint64_t byte, const Twine &what, uint64_t ImportLimits::*limit) {
    return fail(ImportError::Resource, byte, describeExcess(limits, limit, what.str()));
  }

  std::string path() const {
    std::string result;
    for (const Frame &frame : frames) {
      if (!result.empty())
        result += '.';
      result += frame.field->name;
      if (frame.repeated)
        result += "[" + std::to_string(frame.index) + "]";
    }
    return result;
  }

  //===--------------------------------------------------------------------===//
  // Reading
  //===--------------------------------------------------------------------===//

  /// A varint of at most `maxBytes` bytes that ends before `end`.
  bool readVarint(uint64_t &value, uint64_t end, unsigned maxBytes = 10) {
    uint64_t begin = in.position();
    value = 0;
    for (unsigned i = 0; i < maxBytes; ++i) {
      if (begin + i >= end)
        return overrun(begin, end);
      ArrayRef<char> bytes = in.available();
      if (bytes.empty())
        return overrun(begin, end);
      uint8_t byte = bytes.front();
      in.consume(1);
      value |= uint64_t(byte & 0x7f) << (7 * i);
      if (byte < 0x80)
        return true;
    }
    return malformed(begin, "a number has more than " + Twine(maxBytes) + " bytes");
  }

  bool checkRoom(uint64_t byte, uint64_t bytes, uint64_t end) {
    return bytes <= end - in.position() || overrun(byte, end);
  }

  /// Copies `bytes` to the output, passing each piece to `look`.
  template <typename Look>
  bool copy(uint64_t bytes, Look look) {
    while (bytes) {
      ArrayRef<char> piece = in.available();
      if (piece.empty())
        return overrun(in.position(), in.size());
      piece = piece.take_front(std::min<uint64_t>(bytes, piece.size()));
      look(piece);
      out.append(piece.data(), piece.size());
      in.consume(piece.size());
      bytes -= piece.size();
    }
    return true;
  }
  bool copy(uint64_t bytes) {
    return copy(bytes, [](ArrayRef<char>) {});
  }

  //===--------------------------------------------------------------------===//
  // Writing
  //===--------------------------------------------------------------------===//

  void writeVarint(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      out.push_back(char(value | 0x80));
    out.push_back(char(value));
  }
  void writeTag(unsigned number, unsigned wire) { writeVarint(uint64_t(number) << 3 | wire); }

  /// Adds to the estimate of parsed bytes.
  bool charge(uint64_t byte, uint64_t bytes) {
    if (attributeBytes && (*attributeBytes += bytes) > limits.attributeBytes)
      return overLimit(byte, "the size of the attribute", &ImportLimits::attributeBytes);
    parsedBytes += bytes;
    if (parsedBytes > limits.parsedBytes)
      return overLimit(byte, "the memory that the parsed model takes", &ImportLimits::parsedBytes);
    if (out.size() > size_t(INT_MAX) - (1 << 20))
      return fail(
          ImportError::Resource, byte,
          "the model without its raw weights is larger than 2 GiB; store tensors as raw_data "
          "or as external data");
    return true;
  }

  //===--------------------------------------------------------------------===//
  // Fields
  //===--------------------------------------------------------------------===//

  /// A field that the schema does not know.
  bool skipField(unsigned number, unsigned wire, uint64_t begin, uint64_t end) {
    SmallVector<unsigned, 4> groups;
    do {
      uint64_t value;
      switch (wire) {
      case WireVarint:
        if (!readVarint(value, end))
          return false;
        break;
      case WireFixed64:
      case WireFixed32:
      case WireBytes:
        value = wire == WireFixed64 ? 8 : 4;
        if (wire == WireBytes && !readVarint(value, end))
          return false;
        if (!checkRoom(begin, value, end))
          return false;
        in.skip(value);
        break;
      case WireGroup:
        if (groups.size() + frames.size() >= limits.messageDepth)
          return overLimit(begin, "the nesting of messages", &ImportLimits::messageDepth);
        groups.push_back(number);
        break;
      case WireEndGroup:
        if (groups.empty() || groups.back() != number)
          return malformed(begin, "a group ends that did not begin");
        groups.pop_back();
        break;
      default:
        return malformed(begin, "wire type " + Twine(wire) + " does not exist");
      }
      if (!groups.empty() && !readTag(number, wire, begin, end))
        return false;
    } while (!groups.empty());
    return true;
  }

  bool readTag(unsigned &number, unsigned &wire, uint64_t &begin, uint64_t end) {
    begin = in.position();
    uint64_t tag;
    if (!readVarint(tag, end, 5))
      return false;
    if (tag >> 3 == 0 || tag >> 32 != 0)
      return malformed(begin, "field number " + Twine(tag >> 3) + " does not exist");
    number = tag >> 3;
    wire = tag & 7;
    return true;
  }

  bool scanName(uint64_t begin, uint64_t length) {
    if (length > limits.nameBytes)
      return overLimit(begin, "a name of " + Twine(length) + " bytes", &ImportLimits::nameBytes);
    size_t from = out.size();
    if (!copy(length))
      return false;
    const auto *text = reinterpret_cast<const UTF8 *>(out.data() + from);
    if (!isLegalUTF8String(&text, reinterpret_cast<const UTF8 *>(out.data() + out.size())))
      return malformed(begin, "the name " + quoteName(StringRef(out).drop_front(from)) +
                                  " is not valid UTF-8");
    return true;
  }

  /// Packed repeated varints: every byte below 0x80 ends one.
  bool scanPackedVarints(uint64_t begin, uint64_t length) {
    uint64_t count = 0;
    unsigned run = 0;
    bool tooLong = false;
    if (!copy(length, [&](ArrayRef<char> piece) {
          for (uint8_t byte : piece) {
            tooLong |= ++run > 10;
            if (byte < 0x80) {
              ++count;
              run = 0;
            }
          }
        }))
      return false;
    if (run != 0 || tooLong)
      return malformed(begin, "a packed list of numbers ends in the middle of one or holds one of "
                              "more than 10 bytes");
    return charge(begin, count * 8);
  }

  bool scanBytes(const FieldSchema &field, uint64_t begin, uint64_t end) {
    uint64_t length;
    if (!readVarint(length, end) || !checkRoom(begin, length, end))
      return false;
    bool isMessage = field.kind == FieldKind::Message || field.kind == FieldKind::RankedMessage;
    if (field.kind == FieldKind::RawData && length >= options.mappedBytes) {
      writeTag(1000, WireVarint); // file_offset
      writeVarint(in.position());
      writeTag(1001, WireVarint); // file_bytes
      writeVarint(length);
      in.skip(length);
      return true;
    }
    // Strings of other fields cost their object besides their bytes.
    if (!isMessage && !charge(begin, length + sizeof(std::string) + sizeof(void *)))
      return false;
    writeTag(field.number, WireBytes);
    if (isMessage) {
      // The length of a message that loses weights is known afterwards only: room for five bytes,
      // filled by a varint with redundant zeros, which protobuf accepts.
      size_t lengthAt = out.size();
      out.append(5, '\0');
      if (!scanMessage(*field.message, in.position() + length))
        return false;
      uint64_t written = out.size() - lengthAt - 5;
      for (unsigned i = 0; i < 5; ++i)
        out[lengthAt + i] = char((written >> (7 * i) & 0x7f) | (i < 4 ? 0x80 : 0));
      return true;
    }
    if (field.kind != FieldKind::Bytes && field.kind != FieldKind::Name &&
        field.kind != FieldKind::RawData) {
      writeVarint(length);
      if (field.kind == FieldKind::Varints)
        return scanPackedVarints(begin, length);
      if (length % (field.kind == FieldKind::Fixed32s ? 4 : 8))
        return malformed(begin, "a packed list of numbers ends in the middle of one");
      return copy(length);
    }
    writeVarint(length);
    return field.kind == FieldKind::Name ? scanName(begin, length) : copy(length);
  }

  bool scanField(const FieldSchema &field, unsigned wire, uint64_t begin, uint64_t end) {
    uint64_t value;
    switch (field.kind) {
    case FieldKind::Varint:
    case FieldKind::Varints:
      if (wire == WireBytes && field.kind == FieldKind::Varints)
        return scanBytes(field, begin, end);
      if (wire != WireVarint)
        return wrongType(begin, wire, "0");
      if (!readVarint(value, end))
        return false;
      writeTag(field.number, wire);
      writeVarint(value);
      return charge(begin, 8);
    case FieldKind::Fixed32:
    case FieldKind::Fixed32s:
    case FieldKind::Fixed64s: {
      bool wide = field.kind == FieldKind::Fixed64s;
      if (wire == WireBytes && field.kind != FieldKind::Fixed32)
        return scanBytes(field, begin, end);
      if (wire != (wide ? WireFixed64 : WireFixed32))
        return wrongType(begin, wire, wide ? "1" : "5");
      if (!checkRoom(begin, wide ? 8 : 4, end))
        return false;
      writeTag(field.number, wire);
      return copy(wide ? 8 : 4) && charge(begin, 8);
    }
    case FieldKind::Bytes:
    case FieldKind::Name:
    case FieldKind::RawData:
    case FieldKind::Message:
    case FieldKind::RankedMessage:
      if (wire != WireBytes)
        return wrongType(begin, wire, "2");
      return scanBytes(field, begin, end);
    case FieldKind::Ignored:
      if (!is_contained(ignored, field.name))
        ignored.push_back(field.name.str());
      return skipField(field.number, wire, begin, end);
    }
    return malformed(begin, "unknown kind of field");
  }

  bool wrongType(uint64_t begin, unsigned wire, StringRef expected) {
    return malformed(begin, "wire type " + Twine(wire) + " instead of " + expected);
  }

  /// Between the fields of a message; what its fields take counts towards an attribute only if the
  /// message is one.
  bool scanMessage(const MessageSchema &schema, uint64_t end) {
    uint64_t ownBytes = 0;
    uint64_t *own = schema.count == MessageCount::Attribute ? &ownBytes : nullptr;
    uint64_t *outer = std::exchange(attributeBytes, own);
    bool isGood = scanFields(schema, end);
    attributeBytes = outer;
    return isGood;
  }

  bool scanFields(const MessageSchema &schema, uint64_t end) {
    uint64_t first = in.position();
    if (frames.size() > limits.messageDepth)
      return overLimit(first, "the nesting of messages", &ImportLimits::messageDepth);
    if (schema.count == MessageCount::Node && ++nodes > limits.nodes)
      return overLimit(first, "the number of nodes", &ImportLimits::nodes);
    if (schema.count == MessageCount::Tensor && ++tensors > limits.tensors)
      return overLimit(first, "the number of tensors", &ImportLimits::tensors);
    if (!charge(first, schema.objectBytes))
      return false;

    uint32_t counts[MessageSchema::maxFields] = {};
    while (in.position() < end) {
      unsigned number, wire;
      uint64_t begin;
      if (!readTag(number, wire, begin, end))
        return false;
      const FieldSchema *field =
          find_if(schema.fields, [&](const FieldSchema &f) { return f.number == number; });
      if (field == schema.fields.end()) {
        if (!skipField(number, wire, begin, end))
          return false;
        continue;
      }
      uint32_t &count = counts[field - schema.fields.begin()];
      frames.push_back({field, count, field->repeated});
      ++count;
      if (field->kind == FieldKind::RawData && count > 1)
        return malformed(begin, "raw_data occurs twice");
      if (schema.count == MessageCount::Node && field->repeated && count > limits.operands)
        return overLimit(begin, "the number of inputs, outputs or attributes",
                         &ImportLimits::operands);
      if (field->kind == FieldKind::RankedMessage && count > limits.rank)
        return overLimit(begin, "the rank of a type", &ImportLimits::rank);
      if (!scanField(*field, wire, begin, end))
        return false;
      frames.pop_back();
    }
    return true;
  }

  /// A field around the current position, for messages.
  struct Frame {
    const FieldSchema *field;
    uint32_t index;
    bool repeated;
  };

  ByteWindow in;
  const ImportOptions &options;
  const ImportLimits &limits;
  StringRef fileName;
  std::string out;
  std::vector<std::string> ignored;
  SmallVector<Frame, 16> frames;
  uint64_t nodes = 0, tensors = 0, parsedBytes = 0;
  /// Of the attribute whose own field is being scanned; null elsewhere.
  uint64_t *attributeBytes = nullptr;
  std::unique_ptr<ImportError> failure;
};

} // namespace

Expected<ScannedModel> moec::scanModel(const ByteSource &source, StringRef fileName,
                                       const ImportOptions &options) {
  return Scanner(source, fileName, options).run();
}
