//===- CommandLine.cpp - Options of a subcommand ----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/CommandLine.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace moec;

std::optional<llvm::StringRef> ParsedCommandLine::value(llvm::StringRef name) const {
  llvm::ArrayRef<std::string> all = values(name);
  return all.empty() ? std::nullopt : std::optional<llvm::StringRef>(all.back());
}

llvm::ArrayRef<std::string> ParsedCommandLine::values(llvm::StringRef name) const {
  auto found = options.find(name);
  if (found == options.end())
    return {};
  return found->second;
}

std::optional<uint64_t> ParsedCommandLine::number(llvm::StringRef name) const {
  uint64_t result;
  llvm::StringRef text = value(name).value_or("");
  if (!text.getAsInteger(10, result))
    return result;
  llvm::errs() << "moec: --" << name << " expects a number, got '" << text << "'\n";
  return std::nullopt;
}

std::optional<ParsedCommandLine> moec::parseCommandLine(llvm::ArrayRef<const char *> arguments,
                                                        llvm::ArrayRef<OptionSpec> specs) {
  ParsedCommandLine result;
  bool onlyPositionals = false;
  for (size_t i = 0; i < arguments.size(); ++i) {
    llvm::StringRef argument = arguments[i];
    if (onlyPositionals || !argument.starts_with("-") || argument == "-") {
      result.positionals.push_back(argument.str());
      continue;
    }
    if (argument == "--") {
      onlyPositionals = true;
      continue;
    }
    llvm::StringRef name = argument.split('=').first, value = argument.split('=').second;
    bool hasValue = argument.contains('=');
    // The options that every tool of the kind spells short; -j2 is -j 2.
    if (name == "-o") {
      name = "--output";
    } else if (name.starts_with("-j") && llvm::all_of(name.drop_front(2), llvm::isDigit)) {
      if (name.size() > 2) {
        value = name.drop_front(2);
        hasValue = true;
      }
      name = "--jobs";
    }
    const OptionSpec *spec = llvm::find_if(
        specs, [&](const OptionSpec &option) { return name == "--" + option.name.str(); });
    if (spec == specs.end()) {
      llvm::errs() << "moec: unknown option '" << name << "'\n";
      return std::nullopt;
    }
    if (spec->value.empty() && hasValue) {
      llvm::errs() << "moec: --" << spec->name << " takes no value\n";
      return std::nullopt;
    }
    if (!spec->value.empty() && !hasValue) {
      if (i + 1 == arguments.size()) {
        llvm::errs() << "moec: --" << spec->name << " needs a value: " << spec->value << "\n";
        return std::nullopt;
      }
      value = arguments[++i];
    }
    result.options[spec->name].push_back(value.str());
  }
  return result;
}

std::string moec::describeOptions(llvm::ArrayRef<OptionSpec> specs) {
  constexpr size_t column = 26, width = 110;
  std::string text;
  for (const OptionSpec &spec : specs) {
    std::string left = "  --" + spec.name.str();
    if (!spec.value.empty())
      left += " " + spec.value.str();
    // Names too long for their column have a line of their own.
    if (left.size() >= column) {
      text += left + "\n";
      left.clear();
    }
    llvm::StringRef rest = spec.help;
    while (!rest.empty()) {
      size_t end =
          rest.size() <= width - column ? rest.size() : rest.rfind(' ', width - column + 1);
      left.resize(column, ' ');
      text += left + rest.take_front(end).str() + "\n";
      left.clear();
      rest = rest.drop_front(end).ltrim();
    }
  }
  return text;
}
