//===- CommandLine.h - Options of a subcommand ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_COMMANDLINE_H
#define MOEC_LIB_DRIVER_COMMANDLINE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace moec {

/// One `--name` or `--name=VALUE` of a subcommand.
struct OptionSpec {
  llvm::StringLiteral name;
  /// Name of the value in the help text; empty for a flag.
  llvm::StringLiteral value;
  llvm::StringLiteral help;
};

/// What a command line says, after it has been checked against the options of a
/// subcommand.
class ParsedCommandLine {
public:
  /// Positional arguments in order.
  std::vector<std::string> positionals;

  bool has(llvm::StringRef name) const { return options.contains(name); }
  /// The last value given for an option.
  std::optional<llvm::StringRef> value(llvm::StringRef name) const;
  /// All values given for an option, in order.
  llvm::ArrayRef<std::string> values(llvm::StringRef name) const;
  /// The value as a number of at least zero; nullopt after a message on stderr
  /// if it is none. The option must be present.
  std::optional<uint64_t> number(llvm::StringRef name) const;

private:
  friend std::optional<ParsedCommandLine> parseCommandLine(llvm::ArrayRef<const char *>,
                                                           llvm::ArrayRef<OptionSpec>);
  llvm::StringMap<std::vector<std::string>> options;
};

/// Parses the arguments behind a subcommand. Values follow after `=` or as the
/// next argument; `--` ends the options. Prints a message to stderr and returns
/// nullopt for an unknown option or a missing value.
std::optional<ParsedCommandLine> parseCommandLine(llvm::ArrayRef<const char *> arguments,
                                                  llvm::ArrayRef<OptionSpec> specs);

/// Options and their help in two columns.
std::string describeOptions(llvm::ArrayRef<OptionSpec> specs);

} // namespace moec

#endif // MOEC_LIB_DRIVER_COMMANDLINE_H
