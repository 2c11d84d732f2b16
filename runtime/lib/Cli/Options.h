// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the command line says.
#ifndef MOERT_LIB_CLI_OPTIONS_H
#define MOERT_LIB_CLI_OPTIONS_H

#include "lib/Cli/Faults.h"
#include "moert/moert.h"

#include <string>
#include <utility>
#include <vector>

namespace moert::cli {

struct Options {
  std::string model; // path of the shared object, where the program has no artifact of its own
  std::vector<std::pair<std::string, std::string>> inputs; // name, file
  std::vector<std::string> archives;
  std::vector<std::pair<std::string, int64_t>> binds; // dimension, size
  std::string outputDir;
  std::string outputArchive;
  std::string weights;
  bool verifyWeights = false;
  std::string isa;
  uint64_t seed = 0;
  bool random = false;
  int64_t repeat = 1;
  int64_t steps = 0; // 0: no generating loop
  std::string feedInput, feedOutput;
  std::vector<std::string> advances;
  bool printsBytes = false;
  int32_t threads = 0;
  std::string device;                 // empty: as the model was compiled for
  int32_t ranks = 0;                  // 0: as many as the model was compiled for
  std::vector<std::string> split;     // inputs that are split; empty: as their names say
  int64_t windowRows = 0, chunks = 0; // 0: as the model says
  std::string profile;                // file of the timeline
  int64_t linkBytesPerSecond = 0;
  std::vector<Fault> faults;
  bool quiet = false;
  std::string describe; // text or json: print what the model is
  bool help = false;
  bool version = false;
};

/// INVALID_ARGUMENT says what is wrong, in terms of the argument. `needsModel`: a path is expected.
moert_status parseOptions(int argc, char **argv, bool needsModel, Options &options);

/// The text of --help, without the program's signature.
std::string usage(const std::string &program, bool needsModel);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_OPTIONS_H
