// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Npz.h"
#include "lib/Cli/Npy.h"
#include "lib/Core/Status.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <zlib.h>

namespace moert::cli {

namespace {

constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50;
constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr int64_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56,
                  kLocatorBytes = 20;
constexpr uint16_t kZip64Extra = 1;
constexpr uint32_t kMax32 = std::numeric_limits<uint32_t>::max();
/// No deflate stream expands further than this.
constexpr int64_t kMaxDeflateRatio = 1032;

/// Little-endian numbers at offsets inside a range; out of range reads as failure.
struct View {
  const uint8_t *data;
  int64_t bytes;

  bool has(int64_t offset, int64_t count) const {
    return offset >= 0 && count >= 0 && offset <= bytes && count <= bytes - offset;
  }
  template <typename T>
  T get(int64_t offset) const {
    T value;
    memcpy(&value, data + offset, sizeof(value));
    return value;
  }
};

struct Entry {
  std::string name;
  uint16_t flags, method;
  uint32_t crc;
  int64_t compressed, size, offset;
};

/// Where the central directory is.
struct Directory {
  int64_t offset, entries;
};

bool findDirectory(const View &zip, Directory &directory) {
  // The end record is last, but for a comment of up to 64 KiB.
  int64_t lowest = std::max<int64_t>(0, zip.bytes - kEndBytes - 0xffff);
  int64_t at = zip.bytes - kEndBytes;
  while (at >= lowest && zip.get<uint32_t>(at) != kEnd)
    --at;
  if (at < lowest)
    return false;
  directory = {zip.get<uint32_t>(at + 16), zip.get<uint16_t>(at + 10)};
  if (directory.offset != kMax32 && directory.entries != 0xffff)
    return true;
  int64_t locator = at - kLocatorBytes;
  if (!zip.has(locator, kLocatorBytes) || zip.get<uint32_t>(locator) != kEnd64Locator)
    return false;
  int64_t end64 = zip.get<int64_t>(locator + 8);
  if (!zip.has(end64, kEnd64Bytes) || zip.get<uint32_t>(end64) != kEnd64)
    return false;
  directory = {zip.get<int64_t>(end64 + 48), zip.get<int64_t>(end64 + 32)};
  return true;
}

/// Takes from the zip64 extra field what does not fit the record, in the order of the format.
bool readZip64(const View &extra, Entry &entry) {
  if (entry.size != kMax32 && entry.compressed != kMax32 && entry.offset != kMax32)
    return true;
  for (int64_t at = 0; extra.has(at, 4);) {
    int64_t bytes = extra.get<uint16_t>(at + 2);
    if (!extra.has(at + 4, bytes))
      return false;
    if (extra.get<uint16_t>(at) == kZip64Extra) {
      View field = {extra.data + at + 4, bytes};
      int64_t next = 0;
      for (int64_t *value : {&entry.size, &entry.compressed, &entry.offset}) {
        if (*value != kMax32)
          continue;
        if (!field.has(next, 8))
          return false;
        *value = field.get<int64_t>(next);
        next += 8;
      }
      return entry.size >= 0 && entry.compressed >= 0 && entry.offset >= 0;
    }
    at += 4 + bytes;
  }
  return false;
}

/// Reads the directory's record at `at` and moves behind it.
bool readEntry(const View &zip, int64_t &at, Entry &entry) {
  if (!zip.has(at, kCentralBytes) || zip.get<uint32_t>(at) != kCentral)
    return false;
  entry.flags = zip.get<uint16_t>(at + 8);
  entry.method = zip.get<uint16_t>(at + 10);
  entry.crc = zip.get<uint32_t>(at + 16);
  entry.compressed = zip.get<uint32_t>(at + 20);
  entry.size = zip.get<uint32_t>(at + 24);
  entry.offset = zip.get<uint32_t>(at + 42);
  int64_t nameBytes = zip.get<uint16_t>(at + 28);
  int64_t extraBytes = zip.get<uint16_t>(at + 30);
  int64_t commentBytes = zip.get<uint16_t>(at + 32);
  at += kCentralBytes;
  if (!zip.has(at, nameBytes + extraBytes + commentBytes))
    return false;
  entry.name.assign(reinterpret_cast<const char *>(zip.data + at), size_t(nameBytes));
  View extra = {zip.data + at + nameBytes, extraBytes};
  at += nameBytes + extraBytes + commentBytes;
  return readZip64(extra, entry);
}

/// The bytes of an entry as they are in the archive.
bool findData(const View &zip, const Entry &entry, View &data) {
  if (!zip.has(entry.offset, kLocalBytes) || zip.get<uint32_t>(entry.offset) != kLocal)
    return false;
  int64_t begin = entry.offset + kLocalBytes + zip.get<uint16_t>(entry.offset + 26) +
                  zip.get<uint16_t>(entry.offset + 28);
  if (!zip.has(begin, entry.compressed))
    return false;
  data = {zip.data + begin, entry.compressed};
  return true;
}

/// Inflates a raw stream whose result has exactly `size` bytes.
bool inflateAll(const View &from, uint8_t *to, int64_t size) {
  z_stream stream = {};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
    return false;
  int64_t taken = 0, made = 0;
  int result = Z_OK;
  constexpr int64_t kStep = int64_t(1) << 30;
  while (result == Z_OK) {
    stream.next_in = const_cast<uint8_t *>(from.data) + taken;
    stream.avail_in = uInt(std::min(kStep, from.bytes - taken));
    stream.next_out = to + made;
    stream.avail_out = uInt(std::min(kStep, size - made));
    uInt in = stream.avail_in, out = stream.avail_out;
    result = inflate(&stream, Z_NO_FLUSH);
    taken += in - stream.avail_in;
    made += out - stream.avail_out;
    if (in == stream.avail_in && out == stream.avail_out)
      break; // no progress: too little input, or more output than promised
  }
  inflateEnd(&stream);
  return result == Z_STREAM_END && made == size;
}

uint32_t crcOf(const void *data, int64_t bytes, uint32_t crc = 0) {
  // Of no data at all, which may be null: zlib takes null for a new start.
  if (bytes == 0)
    return crc;
  return uint32_t(crc32_z(crc, static_cast<const Bytef *>(data), size_t(bytes)));
}

moert_status readMember(const View &zip, const Entry &entry, const std::string &origin,
                        Tensor &tensor) {
  if (entry.flags & 1)
    return failure(MOERT_UNSUPPORTED, "%s: it is encrypted", origin.c_str());
  if (entry.method != 0 && entry.method != 8)
    return failure(MOERT_UNSUPPORTED, "%s: its compression method %d is not supported",
                   origin.c_str(), entry.method);
  auto corrupt = [&](const char *what) {
    return failure(MOERT_CORRUPT, "%s: %s", origin.c_str(), what);
  };
  View packed;
  if (!findData(zip, entry, packed))
    return corrupt("it lies outside the archive");
  View contents = packed;
  Buffer inflated;
  if (entry.method == 8) {
    // Division, as sizes may be anything.
    if (entry.size / kMaxDeflateRatio > packed.bytes)
      return corrupt("its size is impossible");
    if (!inflated.allocate(entry.size))
      return failure(MOERT_OUT_OF_MEMORY, "%s: no memory for %lld bytes", origin.c_str(),
                     static_cast<long long>(entry.size));
    if (!inflateAll(packed, inflated.data(), entry.size))
      return corrupt("its compressed data is damaged");
    contents = {inflated.data(), entry.size};
  } else if (entry.size != entry.compressed) {
    return corrupt("its size is impossible");
  }
  if (crcOf(contents.data, contents.bytes) != entry.crc)
    return corrupt("its checksum is wrong");
  return parseNpy(contents.data, contents.bytes, origin, tensor);
}

template <typename T>
void put(std::string &out, T value) {
  out.append(reinterpret_cast<const char *>(&value), sizeof(value));
}

} // namespace

moert_status parseNpz(const uint8_t *data, int64_t bytes, const std::string &origin,
                      std::vector<Tensor> &tensors) {
  auto corrupt = [&](const char *what) {
    return failure(MOERT_CORRUPT, "'%s': %s", origin.c_str(), what);
  };
  View zip = {data, bytes};
  Directory directory;
  if (bytes < kEndBytes || !findDirectory(zip, directory))
    return corrupt("it is no .npz file, or truncated");
  if (directory.entries < 0 || directory.entries > bytes / kCentralBytes)
    return corrupt("its directory is damaged");
  int64_t at = directory.offset;
  for (int64_t i = 0; i < directory.entries; ++i) {
    Entry entry;
    if (!readEntry(zip, at, entry))
      return corrupt("its directory is damaged");
    Tensor tensor;
    tensor.name = entry.name;
    if (tensor.name.size() > 4 && tensor.name.compare(tensor.name.size() - 4, 4, ".npy") == 0)
      tensor.name.resize(tensor.name.size() - 4);
    MOERT_RETURN_IF_FAILED(
        readMember(zip, entry, "'" + origin + "', array '" + tensor.name + "'", tensor));
    tensors.push_back(std::move(tensor));
  }
  return success();
}

moert_status writeNpz(const std::string &path, const std::vector<NamedTensor> &tensors) {
  struct Member {
    std::string local, npy;
  };
  std::vector<Member> members(tensors.size());
  std::string directory;
  int64_t offset = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const moert_tensor &tensor = tensors[i].tensor;
    std::string name = std::string(tensors[i].name) + ".npy";
    Member &member = members[i];
    MOERT_RETURN_IF_FAILED(npyHeader(tensor, tensors[i].name, member.npy));
    int64_t size = int64_t(member.npy.size()) + tensor.bytes;
    if (name.size() > 0xffff || tensors.size() > 0xfffe || offset + size >= kMax32 - 0xffff)
      return failure(MOERT_UNSUPPORTED,
                     "'%s' would be larger than 4 GiB; write to a folder instead", path.c_str());
    uint32_t crc =
        crcOf(tensor.data, tensor.bytes, crcOf(member.npy.data(), int64_t(member.npy.size())));
    // Version 2.0, UTF-8 names, stored, 1980-01-01: the same outputs make the same file.
    std::string common;
    for (uint16_t field : {20, 0x800, 0, 0, 0x21})
      put<uint16_t>(common, field);
    put<uint32_t>(common, crc);
    put<uint32_t>(common, uint32_t(size));
    put<uint32_t>(common, uint32_t(size));
    put<uint16_t>(common, uint16_t(name.size()));
    put<uint16_t>(common, 0);
    put<uint32_t>(member.local, kLocal);
    member.local += common + name;
    put<uint32_t>(directory, kCentral);
    put<uint16_t>(directory, 20);
    directory += common;
    for (int zeros = 0; zeros < 5; ++zeros) // comment, disk, attributes
      put<uint16_t>(directory, 0);
    put<uint32_t>(directory, uint32_t(offset));
    directory += name;
    offset += int64_t(member.local.size()) + size;
  }
  std::string end;
  put<uint32_t>(end, kEnd);
  put<uint32_t>(end, 0);
  put<uint16_t>(end, uint16_t(tensors.size()));
  put<uint16_t>(end, uint16_t(tensors.size()));
  put<uint32_t>(end, uint32_t(directory.size()));
  put<uint32_t>(end, uint32_t(offset));
  put<uint16_t>(end, 0);
  std::vector<Bytes> parts;
  for (size_t i = 0; i < tensors.size(); ++i) {
    parts.push_back({members[i].local.data(), int64_t(members[i].local.size())});
    parts.push_back({members[i].npy.data(), int64_t(members[i].npy.size())});
    parts.push_back({tensors[i].tensor.data, tensors[i].tensor.bytes});
  }
  parts.push_back({directory.data(), int64_t(directory.size())});
  parts.push_back({end.data(), int64_t(end.size())});
  return writeFile(path, parts);
}

} // namespace moert::cli
