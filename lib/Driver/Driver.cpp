//===- Driver.cpp - The moec program ----------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Driver.h"

#include "lib/Driver/ExitCode.h"
#include "lib/Driver/ImportFlags.h"
#include "lib/Driver/Subcommand.h"
#include "lib/Driver/Version.h"

#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"

using namespace moec;

/// All subcommands, in alphabetical order.
static const Subcommand *const subcommands[] = {
    &benchSubcommand, &compileSubcommand, &inspectSubcommand, &runSubcommand, &testSubcommand,
};

static void printUsage(llvm::raw_ostream &os) {
  os << "usage: moec COMMAND [OPTION...] FILE|DIR\n\ncommands:\n";
  for (const Subcommand *command : subcommands)
    os << "  " << command->name << std::string(10 - command->name.size(), ' ') << command->summary
       << "\n";
  os << "\n'moec COMMAND --help' tells the options of a command; 'moec --version' the version.\n";
}

static void printUsage(llvm::raw_ostream &os, const Subcommand &command) {
  os << "usage: moec " << command.name << " [OPTION...] " << command.arguments << "\n\n"
     << command.summary << "\n\noptions:\n"
     << describeOptions(command.options);
  if (llvm::any_of(command.options,
                   [](const OptionSpec &option) { return option.name == limitOption.name; }))
    os << "\n" << describeLimits();
}

static int runCommand(const Subcommand &command, llvm::ArrayRef<const char *> arguments) {
  for (llvm::StringRef argument : arguments) {
    if (argument == "--")
      break;
    if (argument == "--help" || argument == "-h") {
      printUsage(llvm::outs(), command);
      return exitSuccess;
    }
  }
  std::optional<ParsedCommandLine> commandLine = parseCommandLine(arguments, command.options);
  int code = commandLine ? command.run(*commandLine) : exitUsage;
  if (code == exitUsage)
    llvm::errs() << "see 'moec " << command.name << " --help'\n";
  return code;
}

static int runAny(llvm::ArrayRef<const char *> arguments) {
  llvm::StringRef first = arguments.empty() ? "" : arguments.front();
  if (first == "--help" || first == "-h" || first == "help") {
    printUsage(llvm::outs());
    return exitSuccess;
  }
  if (first == "--version") {
    llvm::outs() << "moec " MOEC_VERSION " (LLVM " LLVM_VERSION_STRING ")\n";
    return exitSuccess;
  }
  for (const Subcommand *command : subcommands)
    if (first == command->name)
      return runCommand(*command, arguments.drop_front());
  if (first.empty())
    llvm::errs() << "moec: no command given\n";
  else
    llvm::errs() << "moec: unknown command '" << first << "'\n";
  printUsage(llvm::errs());
  return exitUsage;
}

int moec::runDriver(llvm::ArrayRef<const char *> arguments) {
  int code = runAny(arguments);
  // Else the stream's destructor ends the process as a crash of LLVM.
  llvm::outs().flush();
  if (!llvm::outs().has_error())
    return code;
  llvm::errs() << "moec: cannot write to standard output: " << llvm::outs().error().message()
               << "\n";
  llvm::outs().clear_error();
  return code ? code : exitResource;
}
