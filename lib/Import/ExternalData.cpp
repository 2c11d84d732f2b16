//===- ExternalData.cpp - Finds external tensor data safely -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// History of this door elsewhere: CVE-2022-25882 (traversal), CVE-2024-27318 (normalisation),
// CVE-2026-27489 (links), GHSA-538c-55jv-c5g9 (sizes), and refusing links outright broke the layout
// of model caches (ONNX Runtime pull request 27374).
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ExternalData.h"
#include "lib/Import/OpenBelow.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

#include <cerrno>
#include <climits>
#include <cstdlib>

using namespace llvm;
using namespace moec;

std::optional<ExternalLocation> moec::parseExternalLocation(const onnxpb::TensorProto &tensor,
                                                            std::string &message) {
  ExternalLocation result;
  SmallVector<StringRef, 4> seen;
  auto parseNumber = [&](StringRef key, StringRef text, uint64_t &number) {
    if (!text.getAsInteger(10, number) && number <= uint64_t(INT64_MAX))
      return true;
    message = ("external data has the " + key + " " + quoteName(text) +
               ", which is not a number from 0 to 2^63-1; export the model again")
                  .str();
    return false;
  };
  if (tensor.external_data_size() > 64) {
    message = "external data has more than 64 entries; export the model again";
    return std::nullopt;
  }
  for (const onnxpb::StringStringEntryProto &entry : tensor.external_data()) {
    StringRef key = entry.key(), value = entry.value();
    if (is_contained(seen, key)) {
      message = "external data gives the key " + quoteName(key) + " twice; export the model again";
      return std::nullopt;
    }
    seen.push_back(key);
    if (key == "location") {
      result.location = value.str();
    } else if (key == "offset") {
      if (!parseNumber(key, value, result.offset))
        return std::nullopt;
    } else if (key == "length") {
      if (!parseNumber(key, value, result.length.emplace()))
        return std::nullopt;
    } else if (key == "checksum") {
      result.checksum = value.lower();
      if (value.size() != 40 || !all_of(value, isHexDigit)) {
        message = "external data has the checksum " + quoteName(value) +
                  ", which is not a SHA-1 in 40 hexadecimal digits; export the model again";
        return std::nullopt;
      }
    } else {
      result.unknownKeys.push_back(key.str());
    }
  }
  if (result.location.empty()) {
    message = "external data without a location; export the model again";
    return std::nullopt;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Paths
//===----------------------------------------------------------------------===//

/// Components of a relative path without "." and ".."; empty if it leaves its folder.
static std::optional<SmallVector<StringRef, 8>> normalise(StringRef path) {
  SmallVector<StringRef, 8> parts, result;
  path.split(parts, '/', -1, /*KeepEmpty=*/false);
  for (StringRef part : parts) {
    if (part == ".")
      continue;
    if (part != "..") {
      result.push_back(part);
      continue;
    }
    if (result.empty())
      return std::nullopt;
    result.pop_back();
  }
  return result;
}

static std::string canonical(const std::string &path) {
  char *resolved = realpath(path.c_str(), nullptr);
  std::string result = resolved ? resolved : "";
  std::free(resolved);
  return result;
}

/// The part of canonical `path` below canonical `root`; empty if it is not below.
static StringRef below(StringRef path, StringRef root) {
  if (root == "/")
    return path.drop_front();
  if (root.empty() || !path.consume_front(root) || !path.consume_front("/"))
    return {};
  return path;
}

const ExternalFile *ExternalDataRoot::find(StringRef location, std::string &message,
                                           ImportError::Kind &kind) {
  kind = ImportError::BadInput;
  std::string quoted = quoteName(location);
  if (folder.empty()) {
    message = "the data is in the external file " + quoted +
              ", and a model read from memory has no folder; name one with --external-data-dir";
    return nullptr;
  }
  auto refuse = [&](const Twine &reason) {
    message = "the location " + quoted + " of external data " + reason.str();
    return nullptr;
  };
  if (location.contains('\0') || location.size() >= PATH_MAX)
    return refuse("is not a path; export the model again");
  if (location.starts_with("/"))
    return refuse("is an absolute path, which could name any file of this machine; move the file "
                  "beside the model and make the location relative");
  auto parts = normalise(location);
  if (!parts)
    return refuse("leads out of the model's folder; move the file below it, or name the file's "
                  "folder with --external-data-dir and make the location relative to it");
  // `w.bin/` and `w.bin/.` say that w.bin is one.
  if (parts->empty() || location.ends_with("/") || location.ends_with("/."))
    return refuse("names a folder, not a file");

  std::string relative = join(*parts, "/");
  std::lock_guard<std::mutex> lock(mutex);
  auto known = found.find(relative);
  if (known != found.end())
    return &known->second;
  if (found.size() >= limits.externalFiles) {
    kind = ImportError::Resource;
    message = describeExcess(limits, &ImportLimits::externalFiles,
                             "the number of files of external data");
    return nullptr;
  }

  std::string root = canonical(folder);
  auto failed = [&]() -> const ExternalFile * {
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
      kind = ImportError::Resource;
    std::string reason = std::error_code(errno, std::generic_category()).message();
    return refuse("cannot be opened below " + quoteName(root.empty() ? folder : root) + ": " +
                  reason +
                  (location.contains('\\') ? "; it has backslashes, use / between folders"
                                           : "; put the file there, or name its folder with "
                                             "--external-data-dir"));
  };
  if (root.empty())
    return failed();
  StringRef last = parts->pop_back_val();
  std::string parent = canonical(root + "/" + join(*parts, "/"));
  if (parent.empty())
    return failed();
  if (parent != root && below(parent, root).empty())
    return refuse("goes through a link out of the model's folder; replace the link by a folder, or "
                  "name the target with --external-data-dir");

  // Only the last component may be a link; what is opened in the end has none.
  std::string target = canonical(parent + "/" + last.str());
  if (target.empty())
    return failed();
  std::string base = root;
  StringRef rest = below(target, root);
  if (rest.empty()) {
    base = modelFolder;
    rest = below(target, modelFolder);
  }
  if (rest.empty())
    return refuse(
        "is a link to a file outside the model's folder; replace the link by the file, or "
        "name the target's folder with --external-data-dir");
  int fd = openBelow(base, rest.str());
  if (fd < 0)
    return failed();
  auto source = FileSource::adopt(fd, location);
  if (!source) {
    handleAllErrors(source.takeError(), [&](ImportError &error) {
      kind = error.kind;
      (void)refuse(error.message);
    });
    return nullptr;
  }
  ExternalFile file{(*source)->path().str(), (*source)->size(), (*source)->identity()};
  const ExternalFile *result = &found.try_emplace(relative, std::move(file)).first->second;
  return byPath.try_emplace(result->path, result).first->second;
}

std::vector<std::string> ExternalDataRoot::paths() const {
  std::lock_guard lock(mutex);
  std::vector<std::string> paths;
  for (const auto &entry : byPath)
    paths.push_back(entry.first().str());
  return paths;
}

Expected<std::unique_ptr<FileSource>> ExternalDataRoot::reopen(StringRef path) const {
  auto source = FileSource::open(path);
  if (!source)
    return source.takeError();
  std::lock_guard<std::mutex> lock(mutex);
  const ExternalFile *known = byPath.lookup(path);
  if (!known || (*source)->identity() != known->identity || (*source)->size() < known->size)
    return make_error<ImportError>(
        ImportError::BadInput, path, "",
        "the file was replaced or cut while the model was read; run again "
        "when nothing writes to it");
  return source;
}
