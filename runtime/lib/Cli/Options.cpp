// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Options.h"
#include "lib/Core/Status.h"

#include <algorithm>
#include <charconv>

namespace moert::cli {

namespace {

struct Option {
  const char *name;
  const char *argument; // null: takes none
  const char *help;
  /// False when the argument is malformed.
  bool (*apply)(Options &, const std::string &);
};

template <typename T>
bool parseNumber(const std::string &text, T least, T &value) {
  const char *end = text.data() + text.size();
  auto result = std::from_chars(text.data(), end, value);
  return result.ec == std::errc() && result.ptr == end && value >= least;
}

/// Splits at the first '='; both sides must be there.
bool splitPair(const std::string &text, std::string &left, std::string &right) {
  size_t at = text.find('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    return false;
  left = text.substr(0, at);
  right = text.substr(at + 1);
  return true;
}

const Option kOptions[] = {
    {"--input", "NAME=FILE",
     "read an input from a .npy file, an ONNX TensorProto (.pb), or the bytes of a .txt as ids",
     [](Options &o, const std::string &text) {
       o.inputs.emplace_back();
       return splitPair(text, o.inputs.back().first, o.inputs.back().second);
     }},
    {"--inputs", "FILE.npz", "read inputs from an archive, by name",
     [](Options &o, const std::string &text) {
       o.archives.push_back(text);
       return !text.empty();
     }},
    {"--random", "SEED",
     "make up inputs that are not given: floats in [-1, 1), integers and booleans 0 or 1; "
     "dynamic sizes come from --bind, from given inputs, else are 1",
     [](Options &o, const std::string &text) {
       o.random = true;
       return parseNumber<uint64_t>(text, 0, o.seed);
     }},
    {"--bind", "DIM=SIZE", "size of a named dynamic dimension",
     [](Options &o, const std::string &text) {
       std::string size;
       o.binds.emplace_back();
       return splitPair(text, o.binds.back().first, size) &&
              parseNumber<int64_t>(size, 0, o.binds.back().second);
     }},
    {"--output-dir", "DIR", "write each output to DIR/NAME.npy",
     [](Options &o, const std::string &text) { return !(o.outputDir = text).empty(); }},
    {"--outputs", "FILE.npz", "write all outputs to one archive",
     [](Options &o, const std::string &text) { return !(o.outputArchive = text).empty(); }},
    {"--repeat", "N", "run N times and report the times",
     [](Options &o, const std::string &text) { return parseNumber<int64_t>(text, 1, o.repeat); }},
    {"--steps", "N", "with bound state: run N times, feeding back; needs --feed",
     [](Options &o, const std::string &text) { return parseNumber<int64_t>(text, 1, o.steps); }},
    {"--feed", "IN=argmax(OUT)",
     "after each step input IN is the place of the greatest element in OUT's last row; these token "
     "ids are printed, one line a step",
     [](Options &o, const std::string &text) {
       const std::string call = "=argmax(";
       size_t at = text.find(call);
       if (at == std::string::npos || at == 0 || text.back() != ')' ||
           at + call.size() + 1 >= text.size())
         return false;
       o.feedInput = text.substr(0, at);
       o.feedOutput = text.substr(at + call.size(), text.size() - at - call.size() - 1);
       return true;
     }},
    {"--advance", "IN",
     "after each step input IN is its last value plus one (positions: last dimension as that of "
     "the input fed), else it grows by a one (masks); made up where not given",
     [](Options &o, const std::string &text) {
       o.advances.push_back(text);
       return !text.empty();
     }},
    {"--print", "ids|bytes", "print token ids (the default) or the bytes that they are",
     [](Options &o, const std::string &text) {
       o.printsBytes = text == "bytes";
       return o.printsBytes || text == "ids";
     }},
    {"--threads", "N", "threads to use (0, the default: MOERT_THREADS, else all processors)",
     [](Options &o, const std::string &text) { return parseNumber<int32_t>(text, 0, o.threads); }},
    {"--device", "DEVICE",
     "of a model with code for GPUs: cuda (the default), cuda:NUMBER, or virtual, a GPU that "
     "libmoert-vgpu.so (beside the model, or what MOERT_VGPU_LIBRARY names) simulates; of "
     "several, as with virtual:4, each rank has one",
     [](Options &o, const std::string &text) { return !(o.device = text).empty(); }},
    {"--ranks", "N",
     "run on N ranks, threads of this process, as many as the model was compiled for (the "
     "default), or, where the environment names a rank, as one of N processes with inputs and "
     "outputs of its own (see docs/ranks.md); of threads "
     "each gets its part of the batch, dimension 0 of the inputs, and the outputs are put together",
     [](Options &o, const std::string &text) {
       return parseNumber<int32_t>(text, 1, o.ranks) && o.ranks <= 1024;
     }},
    {"--split", "INPUTS",
     "the inputs, separated by commas, of which ranks that are threads get parts (default: those "
     "whose dimension 0 has the first one's size, if its name is not another)",
     [](Options &o, const std::string &text) {
       for (size_t begin = 0; begin <= text.size();) {
         const size_t end = std::min(text.find(',', begin), text.size());
         o.split.push_back(text.substr(begin, end - begin));
         begin = end + 1;
       }
       return !text.empty();
     }},
    {"--window-rows", "N",
     "rows that a rank receives from others at a time, if the model does not say fewer",
     [](Options &o, const std::string &text) {
       return parseNumber<int64_t>(text, 1, o.windowRows);
     }},
    {"--chunks", "N", "rounds that each exchange between ranks is cut into at least",
     [](Options &o, const std::string &text) { return parseNumber<int64_t>(text, 1, o.chunks); }},
    {"--link-speed", "BYTES",
     "let rows that cross between ranks take as long as they would on links of so many bytes per "
     "second",
     [](Options &o, const std::string &text) {
       return parseNumber<int64_t>(text, 1, o.linkBytesPerSecond);
     }},
    {"--fault", "KIND:RANK@POINT",
     "a drill: `kill`, `stall` or `slow` rank RANK when it is at POINT, [LAYER.]STAGE[#TIME][,MS], "
     "the stages being start, dispatch, experts, combine and end (see docs/ranks.md)",
     [](Options &o, const std::string &text) {
       return Fault::parse(text, o.faults.emplace_back());
     }},
    {"--profile", "FILE.json",
     "write a timeline of all runs, for chrome://tracing or ui.perfetto.dev, and what ranks sent",
     [](Options &o, const std::string &text) { return !(o.profile = text).empty(); }},
    {"--isa", "LEVEL", "v2, avx2 or avx512 (default: MOERT_ISA, else the highest there is)",
     [](Options &o, const std::string &text) { return !(o.isa = text).empty(); }},
    {"--weights", "FILE",
     "the weights file (default: MOERT_WEIGHTS, else beside the model, with .weights appended)",
     [](Options &o, const std::string &text) { return !(o.weights = text).empty(); }},
    {"--verify-weights", nullptr,
     "compare the checksums of all weights before the first run; reads the whole file",
     [](Options &o, const std::string &) { return o.verifyWeights = true; }},
    {"--quiet", nullptr, "print nothing but errors",
     [](Options &o, const std::string &) { return o.quiet = true; }},
    {"--describe", "text|json",
     "print what the model is and exit: target, inputs and outputs, weights, kernels for GPUs and "
     "what of a run is left to the host",
     [](Options &o, const std::string &text) {
       o.describe = text;
       return text == "text" || text == "json";
     }},
    {"--help", nullptr, "print this and exit",
     [](Options &o, const std::string &) { return o.help = true; }},
    {"--version", nullptr, "print versions and exit",
     [](Options &o, const std::string &) { return o.version = true; }},
};

const Option *findOption(const std::string &name) {
  for (const Option &option : kOptions)
    if (name == option.name)
      return &option;
  return nullptr;
}

/// The options of the generating loop go together.
moert_status checkSteps(const Options &options) {
  if (!options.steps &&
      (!options.feedInput.empty() || !options.advances.empty() || options.printsBytes))
    return failure(MOERT_INVALID_ARGUMENT, "--feed, --advance and --print go with --steps");
  if (options.steps && options.feedInput.empty())
    return failure(MOERT_INVALID_ARGUMENT, "--steps needs --feed IN=argmax(OUT)");
  if (options.steps && options.repeat > 1)
    return failure(MOERT_INVALID_ARGUMENT, "--steps and --repeat exclude each other");
  return success();
}

} // namespace

moert_status parseOptions(int argc, char **argv, bool needsModel, Options &options) {
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument.size() < 2 || argument[0] != '-') {
      if (!needsModel || !options.model.empty() || argument.empty())
        return failure(MOERT_INVALID_ARGUMENT, "unexpected argument '%s'; see --help", argv[i]);
      options.model = argument;
      continue;
    }
    if (argument == "-h")
      argument = "--help";
    size_t equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    const Option *option = findOption(name);
    if (!option)
      return failure(MOERT_INVALID_ARGUMENT, "unknown option '%s'; see --help", name.c_str());
    std::string value;
    if (!option->argument && equals != std::string::npos)
      return failure(MOERT_INVALID_ARGUMENT, "option %s takes no value", option->name);
    if (option->argument && equals != std::string::npos)
      value = argument.substr(equals + 1);
    else if (option->argument && i + 1 < argc)
      value = argv[++i];
    else if (option->argument)
      return failure(MOERT_INVALID_ARGUMENT, "option %s needs a value: %s", option->name,
                     option->argument);
    if (!option->apply(options, value))
      return failure(MOERT_INVALID_ARGUMENT, "option %s has the value '%s'; expected %s",
                     option->name, value.c_str(), option->argument);
  }
  if (needsModel && options.model.empty() && !options.help && !options.version)
    return failure(MOERT_INVALID_ARGUMENT, "no model is given; see --help");
  return checkSteps(options);
}

std::string usage(const std::string &program, bool needsModel) {
  std::string text = "usage: " + program + (needsModel ? " MODEL.so" : "") + " [options]\n\n";
  constexpr size_t kColumn = 25, kWidth = 96;
  for (const Option &option : kOptions) {
    std::string line = std::string("  ") + option.name;
    if (option.argument)
      line += std::string(" ") + option.argument;
    line.resize(std::max(kColumn, line.size() + 2), ' ');
    std::string words = option.help;
    for (size_t begin = 0; begin < words.size();) {
      size_t end = words.find(' ', begin);
      end = end == std::string::npos ? words.size() : end;
      if (line.size() + (end - begin) > kWidth) {
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
        line.assign(kColumn, ' ');
      }
      line += words.substr(begin, end - begin) + " ";
      begin = end + 1;
    }
    line.pop_back();
    text += line + "\n";
  }
  return text + "\nexit codes: 0 success, 2 usage, 3 bad input file, 4 unsupported, 5 resource, "
                "70 internal error\n";
}

} // namespace moert::cli
