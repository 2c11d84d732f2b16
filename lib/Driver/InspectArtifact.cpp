//===- InspectArtifact.cpp - What is in a compiled model ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/InspectArtifact.h"

#include "lib/Driver/ExitCode.h"
#include "lib/Import/ImportError.h"

#include "moert/abi.h"
#include "moert/cli.h"

#include "llvm/BinaryFormat/Magic.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Program.h"

using namespace moec;
using namespace llvm;

static raw_ostream &error() { return errs() << "moec: "; }

bool moec::isArtifact(StringRef path) {
  file_magic magic;
  return !identify_magic(path, magic) &&
         is_contained({file_magic::elf, file_magic::elf_executable, file_magic::elf_shared_object,
                       file_magic::elf_relocatable},
                      magic);
}

/// Whether a program has a model in it: it has our tables.
static bool hasTables(const object::ELFObjectFileBase &file) {
  auto isTable = [](const object::SymbolRef &symbol) {
    Expected<StringRef> name = symbol.getName();
    if (name)
      return *name == MOERT_ARTIFACT_SYMBOL;
    consumeError(name.takeError());
    return false;
  };
  return any_of(file.symbols(), isTable) || any_of(file.getDynamicSymbolIterators(), isTable);
}

/// Whether the file is a program, which has an interpreter or no need of one.
static bool isProgram(const object::ELF64LEObjectFile &file) {
  if (file.getELFFile().getHeader().e_type == ELF::ET_EXEC)
    return true;
  auto headers = file.getELFFile().program_headers();
  if (headers)
    return any_of(*headers, [](const auto &header) { return header.p_type == ELF::PT_INTERP; });
  consumeError(headers.takeError());
  return false;
}

/// Runs the program, which prints what it is.
static int askProgram(const std::string &path, StringRef form) {
  std::string message;
  StringRef arguments[] = {path, "--describe", form};
  int code = sys::ExecuteAndWait(path, arguments, std::nullopt, {}, /*SecondsToWait=*/60,
                                 /*MemoryLimit=*/0, &message);
  if (code >= 0)
    return code;
  error() << quoteName(path) << ": " << escapeMessage(message) << "\n";
  return exitResource;
}

int moec::inspectArtifact(const ParsedCommandLine &commandLine) {
  std::string path = commandLine.positionals.front(),
              form = commandLine.has("json") ? "json" : "text";
  auto binary = object::createBinary(path);
  if (!binary) {
    error() << quoteName(path) << ": " << escapeMessage(toString(binary.takeError())) << "\n";
    return exitBadInput;
  }
  auto *file = dyn_cast<object::ELF64LEObjectFile>(binary->getBinary());
  if (file && isProgram(*file)) {
    if (hasTables(*file))
      return askProgram(path, form);
    error() << quoteName(path) << " is a program, but not a compiled model\n";
    return exitBadInput;
  }
  // The runtime tells what else is wrong.
  std::string arguments[] = {"moec", "--describe", form, path};
  SmallVector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  return moert_main(nullptr, std::size(arguments), pointers.data());
}
