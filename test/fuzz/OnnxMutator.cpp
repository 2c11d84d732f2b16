//===- OnnxMutator.cpp - Mutations of ONNX messages -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Mutates models as trees of fields, as the reader's own schema knows them, so that lengths stay
// right and the mutations reach what lies behind the wire format; one in four is a mutation of
// bytes. Linked into every fuzzer whose input is a model.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/NodeImporter.h"
#include "lib/Import/WireSchema.h"

#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <vector>

using namespace moec;
using llvm::StringRef;

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace {

struct Message;

/// One field: a number, bytes or a message.
struct Field {
  uint32_t number = 0;
  unsigned wire = WireVarint;
  uint64_t value = 0;
  std::string bytes;
  std::shared_ptr<Message> message;
  const FieldSchema *schema = nullptr;
};

struct Message {
  const MessageSchema *schema = nullptr;
  std::vector<Field> fields;
};

//===----------------------------------------------------------------------===//
// The wire format
//===----------------------------------------------------------------------===//

bool takeVarint(StringRef &in, uint64_t &value) {
  value = 0;
  for (unsigned i = 0; i < 10 && i < in.size(); ++i) {
    uint8_t byte = in[i];
    value |= uint64_t(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      in = in.drop_front(i + 1);
      return true;
    }
  }
  return false;
}

void putVarint(std::string &out, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(char(value | 0x80));
  out.push_back(char(value));
}

std::shared_ptr<Message> parse(StringRef in, const MessageSchema &schema, unsigned depth) {
  auto message = std::make_shared<Message>();
  message->schema = &schema;
  while (!in.empty()) {
    Field field;
    uint64_t tag;
    if (!takeVarint(in, tag))
      return nullptr;
    field.number = tag >> 3;
    field.wire = tag & 7;
    for (const FieldSchema &known : schema.fields)
      if (known.number == field.number)
        field.schema = &known;
    if (field.wire == WireVarint) {
      if (!takeVarint(in, field.value))
        return nullptr;
    } else {
      uint64_t size = field.wire == WireFixed64 ? 8 : 4;
      if (field.wire == WireBytes ? !takeVarint(in, size)
                                  : field.wire != WireFixed64 && field.wire != WireFixed32)
        return nullptr;
      if (size > in.size())
        return nullptr;
      field.bytes = in.take_front(size).str();
      in = in.drop_front(size);
      if (field.wire == WireBytes && field.schema && field.schema->message && depth < 40)
        field.message = parse(field.bytes, *field.schema->message, depth + 1);
    }
    message->fields.push_back(std::move(field));
  }
  return message;
}

void write(const Message &message, std::string &out) {
  for (const Field &field : message.fields) {
    putVarint(out, uint64_t(field.number) << 3 | field.wire);
    if (field.wire == WireVarint) {
      putVarint(out, field.value);
      continue;
    }
    std::string nested;
    if (field.message)
      write(*field.message, nested);
    const std::string &bytes = field.message ? nested : field.bytes;
    if (field.wire == WireBytes)
      putVarint(out, bytes.size());
    out += bytes;
  }
}

/// A copy that shares no message: a message put below itself would never end.
Field clone(const Field &field) {
  Field copy = field;
  if (field.message) {
    copy.message = std::make_shared<Message>();
    copy.message->schema = field.message->schema;
    for (const Field &inner : field.message->fields)
      copy.message->fields.push_back(clone(inner));
  }
  return copy;
}

//===----------------------------------------------------------------------===//
// Mutations
//===----------------------------------------------------------------------===//

class Mutator {
public:
  explicit Mutator(unsigned seed) : random(seed) {}

  void collect(const std::shared_ptr<Message> &message) {
    messages.push_back(message);
    for (const Field &field : message->fields) {
      if (field.schema && field.schema->kind == FieldKind::Name)
        names.push_back(field.bytes);
      if (field.message)
        collect(field.message);
    }
  }

  /// Changes one field of some message; `other` may give fields.
  void mutate(const Mutator *other) {
    Message &message = *pick(messages);
    size_t count = message.fields.size();
    switch (below(8)) {
    case 0: // drop
      if (count)
        message.fields.erase(message.fields.begin() + below(count));
      return;
    case 1: // repeat
      if (count) {
        Field copy = clone(message.fields[below(count)]);
        message.fields.insert(message.fields.begin() + below(count + 1), std::move(copy));
      }
      return;
    case 2: // exchange
      if (count)
        std::swap(message.fields[below(count)], message.fields[below(count)]);
      return;
    case 3: // another message's fields
      if (const Message *donor = (other ? *other : *this).like(message, random))
        if (!donor->fields.empty())
          message.fields.insert(message.fields.begin() + below(count + 1),
                                clone(pick(donor->fields)));
      return;
    case 4: // a field that was not there
      if (!message.schema->fields.empty()) {
        const FieldSchema &schema = message.schema->fields[below(message.schema->fields.size())];
        Field field;
        field.schema = &schema;
        field.number = schema.number;
        setKind(field);
        change(field);
        message.fields.push_back(std::move(field));
      }
      return;
    default:
      if (count)
        change(message.fields[below(count)]);
    }
  }

private:
  uint64_t below(uint64_t bound) { return random() % bound; }
  template <typename T>
  T &pick(std::vector<T> &from) {
    return from[below(from.size())];
  }
  template <typename T>
  const T &pick(const std::vector<T> &from) {
    return from[below(from.size())];
  }

  const Message *like(const Message &message, std::mt19937 &source) const {
    for (int i = 0; i < 16; ++i)
      if (const auto &found = messages[source() % messages.size()]; found->schema == message.schema)
        return found.get();
    return nullptr;
  }

  static void setKind(Field &field) {
    switch (field.schema->kind) {
    case FieldKind::Varint:
    case FieldKind::Varints:
      field.wire = WireVarint;
      return;
    case FieldKind::Fixed32:
    case FieldKind::Fixed32s:
      field.wire = WireFixed32;
      field.bytes.assign(4, '\0');
      return;
    case FieldKind::Fixed64s:
      field.wire = WireFixed64;
      field.bytes.assign(8, '\0');
      return;
    default:
      field.wire = WireBytes;
      if (field.schema->message) {
        field.message = std::make_shared<Message>();
        field.message->schema = field.schema->message;
      }
    }
  }

  uint64_t number() {
    static const uint64_t interesting[] = {0,
                                           1,
                                           2,
                                           3,
                                           7,
                                           8,
                                           16,
                                           64,
                                           65,
                                           255,
                                           1024,
                                           1025,
                                           uint64_t(1) << 31,
                                           (uint64_t(1) << 31) - 1,
                                           uint64_t(1) << 32,
                                           uint64_t(1) << 62,
                                           uint64_t(1) << 63,
                                           (uint64_t(1) << 63) - 1,
                                           UINT64_MAX,
                                           UINT64_MAX - 1};
    return below(2) ? interesting[below(std::size(interesting))] : below(30);
  }

  std::string name() {
    static const std::vector<std::string> known = [] {
      std::vector<std::string> all = {
          "",      "ai.onnx", "com.microsoft", "value",    "axis",   "axes",  "perm", "to",
          "shape", "k",       "w.bin",         "location", "offset", "length"};
      for (llvm::ArrayRef<OperatorRow> part :
           {elementwiseOperators(), shapeOperators(), indexOperators(), mathOperators(),
            contribOperators()})
        for (const OperatorRow &row : part)
          all.push_back(row.name.str());
      return all;
    }();
    return names.empty() || below(3) == 0 ? pick(known) : pick(names);
  }

  void change(Field &field) {
    if (field.wire == WireVarint) {
      field.value = below(3) ? number() : field.value ^ (uint64_t(1) << below(64));
      return;
    }
    if (field.message) {
      if (below(8) == 0)
        field.message = std::make_shared<Message>(Message{field.message->schema, {}});
      return;
    }
    if (field.schema && field.wire == WireBytes && below(4)) {
      if (field.schema->kind == FieldKind::Name || field.schema->kind == FieldKind::Bytes) {
        field.bytes = name();
        return;
      }
      if (field.schema->kind == FieldKind::Varints) {
        if (below(2))
          field.bytes.clear();
        putVarint(field.bytes, number());
        return;
      }
    }
    size_t size = field.bytes.size(), room = size + (field.wire == WireBytes ? 16 : 0);
    std::vector<uint8_t> buffer(std::max<size_t>(room, 1));
    std::memcpy(buffer.data(), field.bytes.data(), size);
    size_t changed = LLVMFuzzerMutate(buffer.data(), size, buffer.size());
    if (field.wire != WireBytes)
      changed = size;
    field.bytes.assign(reinterpret_cast<char *>(buffer.data()), changed);
  }

  std::mt19937 random;
  std::vector<std::shared_ptr<Message>> messages;
  std::vector<std::string> names;
};

std::shared_ptr<Message> parseModel(const uint8_t *data, size_t size) {
  return parse(StringRef(reinterpret_cast<const char *>(data), size), modelSchema, 0);
}

/// Writes `model` over `data` if it fits; the new size.
std::optional<size_t> store(const Message &model, uint8_t *data, size_t maxSize) {
  std::string out;
  write(model, out);
  if (out.size() > maxSize)
    return std::nullopt;
  std::memcpy(data, out.data(), out.size());
  return out.size();
}

} // namespace

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize,
                                          unsigned seed) {
  std::shared_ptr<Message> model = seed % 4 ? parseModel(data, size) : nullptr;
  if (model) {
    Mutator mutator(seed);
    mutator.collect(model);
    for (unsigned i = 0; i <= seed / 4 % 4; ++i)
      mutator.mutate(nullptr);
    if (std::optional<size_t> stored = store(*model, data, maxSize))
      return *stored;
  }
  return LLVMFuzzerMutate(data, size, maxSize);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1,
                                            const uint8_t *data2, size_t size2, uint8_t *out,
                                            size_t maxSize, unsigned seed) {
  std::shared_ptr<Message> model = parseModel(data1, size1), other = parseModel(data2, size2);
  if (!model || !other)
    return 0;
  Mutator mutator(seed), donor(seed);
  mutator.collect(model);
  donor.collect(other);
  for (unsigned i = 0; i <= seed % 8; ++i)
    mutator.mutate(&donor);
  return store(*model, out, maxSize).value_or(0);
}
