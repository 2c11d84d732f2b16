//===- MappedFile.cpp - A file of weights in memory -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/MappedFile.h"

#include "lib/Import/ByteSource.h"
#include "lib/Import/ImportError.h"
#include "lib/Import/OpenBelow.h"

#include "llvm/Support/Signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <sys/mman.h>
#include <unistd.h>

using namespace llvm;
using namespace moec;

//===----------------------------------------------------------------------===//
// Truncation
//===----------------------------------------------------------------------===//

/// A mapping that the handler of SIGBUS knows. Never freed: the handler may run at any time.
struct moec::Guard {
  std::atomic<const char *> begin{nullptr};
  size_t size = 0;
  std::string message;
  Guard *next = nullptr;
};

static std::atomic<Guard *> guards{nullptr};
static std::string programName; // Set before the handler is.
static int truncationExitCode = 0;

static void writeAll(StringRef text) {
  while (!text.empty()) {
    ssize_t written = write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0)
      return;
    text = text.drop_front(written);
  }
}

/// Calls only what is allowed in a signal handler.
static void onBusError(int, siginfo_t *info, void *) {
  const char *address = static_cast<const char *>(info->si_addr);
  for (Guard *guard = guards.load(); guard; guard = guard->next) {
    const char *begin = guard->begin.load();
    if (!begin || address < begin || address >= begin + guard->size)
      continue;
    writeAll(programName);
    writeAll(guard->message);
    sys::RunInterruptHandlers(); // removes unfinished files
    _exit(truncationExitCode);
  }
  // Comes again, and ends the process.
  signal(SIGBUS, SIG_DFL);
}

void moec::exitOnTruncation(StringRef program, int exitCode) {
  programName = program.str();
  truncationExitCode = exitCode;
  struct sigaction action = {};
  action.sa_sigaction = onBusError;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGBUS, &action, nullptr);
}

static Guard *watch(const char *data, size_t size, StringRef path) {
  auto *guard = new Guard;
  guard->size = size;
  guard->message = ": " + escapeName(path) +
                   ": the file became shorter while it was read; run again when nothing writes to "
                   "it, or with --read-weights\n";
  guard->next = guards.load();
  while (!guards.compare_exchange_weak(guard->next, guard))
    ;
  guard->begin = data;
  return guard;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static Expected<std::unique_ptr<FileSource>> openFile(StringRef path, bool refuseLinks) {
  if (!refuseLinks || !path.starts_with("/"))
    return FileSource::open(path);
  int fd = openBelow("/", path.drop_front().str());
  if (fd < 0)
    return make_error<ImportError>(
        ImportError::BadInput, path, "",
        errno == ELOOP
            ? "was replaced by a link while the model was compiled"
            : "cannot open: " + std::error_code(errno, std::generic_category()).message());
  return FileSource::adopt(fd, path);
}

Expected<std::unique_ptr<MappedFile>> MappedFile::open(StringRef path, Mode mode,
                                                       bool refuseLinks) {
  auto source = openFile(path, refuseLinks);
  if (!source)
    return source.takeError();
  auto fail = [&, path = path](const Twine &reason) {
    return make_error<ImportError>(ImportError::BadInput, path, "", reason);
  };
  std::unique_ptr<MappedFile> file(new MappedFile);
  uint64_t bytes = (*source)->size();
  if (bytes == 0)
    return file;
  int protection = mode == Mode::Map ? PROT_READ : PROT_READ | PROT_WRITE;
  int flags = mode == Mode::Map ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
  void *memory =
      mmap(nullptr, bytes, protection, flags, mode == Mode::Map ? (*source)->descriptor() : -1, 0);
  if (memory == MAP_FAILED)
    return make_error<ImportError>(ImportError::Resource, path, "",
                                   "no memory for " + Twine(bytes) + " bytes of weights");
  file->data = static_cast<const char *>(memory);
  file->size = bytes;
  if (mode == Mode::Map)
    file->guard = watch(file->data, bytes, path);
  else if (std::error_code code =
               (*source)->read(0, MutableArrayRef<char>(static_cast<char *>(memory), bytes)))
    return fail("cannot read: " + code.message() + "; was the file cut while it was read?");
  return file;
}

MappedFile::~MappedFile() {
  if (guard)
    guard->begin = nullptr;
  if (data)
    munmap(const_cast<char *>(data), size);
}
