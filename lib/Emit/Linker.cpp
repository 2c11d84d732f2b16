//===- Linker.cpp - Shared objects and executables --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Core/Seal.h"
#include "lib/Emit/TargetCode.h"

#include "moert/abi.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;

/// The first of `candidates` that can be run, a path or a name on PATH; empty if there is none.
static std::string findTool(ArrayRef<StringRef> candidates) {
  for (StringRef candidate : candidates) {
    if (candidate.empty())
      continue;
    if (sys::path::has_parent_path(candidate)) {
      if (sys::fs::can_execute(candidate))
        return candidate.str();
      continue;
    }
    if (ErrorOr<std::string> path = sys::findProgramByName(candidate))
      return *path;
  }
  return {};
}

namespace {
/// Files that exist while a link is under way.
struct TemporaryFile {
  SmallString<128> path;
  ~TemporaryFile() {
    if (!path.empty())
      sys::fs::remove(path);
  }

  Error create(StringRef suffix, StringRef contents) {
    int descriptor;
    if (std::error_code code = sys::fs::createTemporaryFile("moec", suffix, descriptor, path))
      return createStringError("cannot create a temporary file: " + code.message());
    raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
    stream << contents;
    stream.close();
    if (stream.has_error()) {
      std::error_code code = stream.error();
      stream.clear_error();
      return createStringError("cannot write " + path + ": " + code.message());
    }
    return Error::success();
  }
};
} // namespace

/// Runs `program`; its complaints become the error's text.
static Error run(const std::string &program, ArrayRef<std::string> arguments) {
  TemporaryFile output;
  if (Error error = output.create("log", ""))
    return error;
  SmallVector<StringRef> argv{program};
  llvm::append_range(argv, arguments);
  StringRef log = output.path;
  std::optional<StringRef> redirects[] = {StringRef(""), log, log};
  std::string problem;
  int code = sys::ExecuteAndWait(program, argv, std::nullopt, redirects, 0, 0, &problem);
  if (code == 0)
    return Error::success();
  std::string text = problem;
  if (auto buffer = MemoryBuffer::getFile(log))
    text += (*buffer)->getBuffer().str();
  return createStringError(program + " failed: " + text);
}

/// A build id of the linker's kind, from the code itself.
static std::string buildIdOption(MemoryBufferRef object) {
  StringRef bytes = object.getBuffer();
  XXH128_hash_t hash =
      xxh3_128bits(ArrayRef(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()));
  std::string option;
  raw_string_ostream(option) << format("0x%016llx%016llx",
                                       static_cast<unsigned long long>(hash.high64),
                                       static_cast<unsigned long long>(hash.low64));
  return option;
}

static Error linkSharedObject(MemoryBufferRef object, StringRef objectPath, StringRef path,
                              const moec::EmitOptions &options) {
  std::string soname = sys::path::filename(path).str();
  std::string buildId = buildIdOption(object);
  std::string linker = findTool({options.linker, MOEC_LLD, "ld.lld-22", "ld.lld"});
  if (!linker.empty()) {
    SmallVector<std::string> arguments = {"-shared",       "-o",
                                          path.str(),      "-soname",
                                          soname,          "--build-id=" + buildId,
                                          "--gc-sections", "-z",
                                          "relro",         "-z",
                                          "now",           "--hash-style=gnu",
                                          "--strip-debug", objectPath.str()};
    // Records which libc the copies of memory come from, where that is known.
    if (StringRef libc = MOEC_LIBC; sys::fs::exists(libc))
      arguments.append({"--as-needed", libc.str()});
    return run(linker, arguments);
  }
  std::string driver = findTool({options.compilerDriver, MOEC_CXX, "c++", "cc"});
  if (driver.empty())
    return createStringError("no linker: install ld.lld (package lld-22) or a C++ compiler");
  return run(driver, {"-shared", "-o", path.str(), "-Wl,-soname," + soname,
                      "-Wl,--build-id=" + buildId, "-Wl,-z,relro,-z,now", objectPath.str()});
}

/// The object of `int main(argc, argv) { return moert_main(&moert_artifact_v1, argc, argv); }`.
static Expected<std::unique_ptr<MemoryBuffer>> createMain() {
  Expected<std::unique_ptr<TargetMachine>> machine = moec::createTargetMachine(1);
  if (!machine)
    return machine.takeError();
  LLVMContext context;
  Module module("main", context);
  module.setTargetTriple((*machine)->getTargetTriple());
  module.setDataLayout((*machine)->createDataLayout());
  IRBuilder<> builder(context);
  Type *i32 = builder.getInt32Ty(), *ptr = builder.getPtrTy();
  auto *artifact = new GlobalVariable(module, builder.getInt8Ty(), /*isConstant=*/true,
                                      GlobalValue::ExternalLinkage, nullptr, MOERT_ARTIFACT_SYMBOL);
  FunctionCallee callee =
      module.getOrInsertFunction("moert_main", FunctionType::get(i32, {ptr, i32, ptr}, false));
  auto *main = Function::Create(FunctionType::get(i32, {i32, ptr}, false),
                                GlobalValue::ExternalLinkage, "main", module);
  builder.SetInsertPoint(BasicBlock::Create(context, "", main));
  builder.CreateRet(builder.CreateCall(callee, {artifact, main->getArg(0), main->getArg(1)}));
  return moec::compile(module, **machine);
}

static Error linkExecutable(StringRef objectPath, StringRef path,
                            const moec::EmitOptions &options) {
  std::string driver = findTool({options.compilerDriver, MOEC_CXX, "c++", "g++", "clang++"});
  if (driver.empty())
    return createStringError("no C++ compiler to link executables with: install g++, or compile to "
                             "a shared object (.so)");
  SmallString<128> cli(options.runtimeLibraries.empty() ? MOEC_RUNTIME_LIBRARIES
                                                        : options.runtimeLibraries);
  SmallString<128> runtime(cli);
  sys::path::append(cli, "libmoert_cli.a");
  sys::path::append(runtime, "libmoert.a");
  for (StringRef library : {StringRef(cli), StringRef(runtime)})
    if (!sys::fs::exists(library))
      return createStringError(library.str() + " is missing; executables contain the runtime");
  Expected<std::unique_ptr<MemoryBuffer>> object = createMain();
  if (!object)
    return object.takeError();
  TemporaryFile mainFile;
  if (Error error = mainFile.create("o", (*object)->getBuffer()))
    return error;
  return run(driver, {"-o", path.str(), objectPath.str(), mainFile.path.str().str(),
                      cli.str().str(), runtime.str().str(), "-static-libstdc++", "-static-libgcc",
                      "-pthread", "-Wl,--as-needed", "-lz", "-ldl", "-Wl,--gc-sections",
                      "-Wl,-z,relro,-z,now", "-Wl,--strip-debug"});
}

Error moec::linkArtifact(MemoryBufferRef object, ArtifactKind kind, StringRef path,
                         const EmitOptions &options) {
  if (kind == ArtifactKind::Object)
    return writeToOutput(path, [&](raw_ostream &os) {
      os << object.getBuffer();
      return Error::success();
    });
  TemporaryFile file;
  if (Error error = file.create("o", object.getBuffer()))
    return error;
  if (kind == ArtifactKind::Executable)
    return linkExecutable(file.path, path, options);
  if (Error error = linkSharedObject(object, file.path, path, options))
    return error;
  moert_status sealed = moert::sealSharedObject(path.str().c_str());
  return sealed.code == MOERT_OK ? Error::success() : createStringError(sealed.message);
}
