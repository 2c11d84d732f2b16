//===- Linker.cpp - Shared objects and executables --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Core/Seal.h"
#include "lib/Emit/StagedFile.h"
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

/// Makes a file with `contents` that exists while a link is under way.
static Error createFile(moec::StagedFile &file, StringRef suffix, StringRef contents) {
  if (Error error = file.createTemporary(suffix))
    return error;
  std::error_code code;
  raw_fd_ostream stream(file.path(), code);
  if (!code) {
    stream << contents;
    stream.close();
    code = stream.error();
    stream.clear_error();
  }
  return code ? createStringError("cannot write " + file.path() + ": " + code.message())
              : Error::success();
}

/// What a program says of its failure, in one line.
static std::string firstComplaint(StringRef text) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', -1, /*KeepEmpty=*/false);
  auto error = llvm::find_if(lines, [](StringRef line) { return line.contains("error: "); });
  if (error == lines.end())
    error = lines.begin();
  return error == lines.end() ? "" : error->trim().str();
}

/// Runs `program`; its complaint becomes the error's text, or why it could not be run to its end.
/// With `output`, an existing file, what it prints goes there.
static Error run(const std::string &program, ArrayRef<std::string> arguments,
                 StringRef output = {}) {
  moec::StagedFile logFile;
  if (Error error = createFile(logFile, "log", ""))
    return error;
  SmallVector<StringRef> argv{program};
  llvm::append_range(argv, arguments);
  StringRef log = logFile.path();
  std::optional<StringRef> redirects[] = {StringRef(""), output.empty() ? log : output, log};
  std::string problem;
  int code = sys::ExecuteAndWait(program, argv, std::nullopt, redirects, 0, 0, &problem);
  if (code == 0)
    return Error::success();
  auto buffer = MemoryBuffer::getFile(log);
  if (problem.empty() && buffer)
    problem = firstComplaint((*buffer)->getBuffer());
  return createStringError(program + " failed: " + problem);
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
                              StringRef name, const moec::EmitOptions &options) {
  std::string soname = name.str();
  std::string buildId = buildIdOption(object);
  std::string linker = findTool({options.linker, MOEC_LLD, "ld.lld-22", "ld.lld"});
  if (!linker.empty()) {
    // It writes to a file that is there already, as one of its own would stay if only this process
    // were ended. For a single object, threads gain nothing and may not be had.
    SmallVector<std::string> arguments = {"-shared",
                                          "-o",
                                          "-",
                                          "--threads=1",
                                          "-soname",
                                          soname,
                                          "--gc-sections",
                                          "--build-id=" + buildId,
                                          "-z",
                                          "relro",
                                          "-z",
                                          "now",
                                          "--strip-debug",
                                          "--hash-style=gnu",
                                          objectPath.str()};
    // Records which libc the copies of memory come from, where that is known.
    if (StringRef libc = MOEC_LIBC; sys::fs::exists(libc))
      arguments.append({"--as-needed", libc.str()});
    if (Error error = run(linker, arguments, path))
      return error;
    // As the linker does with a file of its own.
    ErrorOr<sys::fs::perms> mode = sys::fs::getPermissions(path);
    if (mode)
      sys::fs::setPermissions(
          path, *mode | static_cast<sys::fs::perms>((*mode & sys::fs::all_read) >> 2));
    return Error::success();
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
  moec::StagedFile mainFile;
  if (Error error = createFile(mainFile, "o", (*object)->getBuffer()))
    return error;
  return run(driver, {"-o", path.str(), objectPath.str(), mainFile.path(), cli.str().str(),
                      runtime.str().str(), "-static-libstdc++", "-static-libgcc", "-pthread",
                      "-Wl,--as-needed", "-lz", "-ldl", "-Wl,--gc-sections", "-Wl,-z,relro,-z,now",
                      "-Wl,--strip-debug"});
}

Error moec::linkArtifact(MemoryBufferRef object, ArtifactKind kind, StringRef path, StringRef name,
                         const EmitOptions &options) {
  if (kind == ArtifactKind::Object)
    return writeToOutput(path, [&](raw_ostream &os) {
      os << object.getBuffer();
      return Error::success();
    });
  StagedFile file;
  if (Error error = createFile(file, "o", object.getBuffer()))
    return error;
  if (kind == ArtifactKind::Executable)
    return linkExecutable(file.path(), path, options);
  if (Error error = linkSharedObject(object, file.path(), path, name, options))
    return error;
  moert_status sealed = moert::sealSharedObject(path.str().c_str());
  return sealed.code == MOERT_OK ? Error::success() : createStringError(sealed.message);
}
