// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/OutputFolder.h"
#include "lib/Cli/Npy.h"
#include "lib/Cli/Printable.h"
#include "lib/Core/Status.h"

#include <cerrno>
#include <set>
#include <sys/stat.h>

namespace moert::cli {

/// A file name for an output: names of ONNX values may hold anything.
static std::string fileNameFor(const char *name, std::set<std::string> &taken) {
  std::string base = printable(name);
  for (char &c : base)
    if (c == '/' || c == '\\')
      c = '_';
  if (base[0] == '.')
    base[0] = '_';
  std::string unique = base;
  for (int i = 2; !taken.insert(unique).second; ++i)
    unique = base + "_" + std::to_string(i);
  return unique + ".npy";
}

moert_status writeFolder(const std::string &folder, const std::vector<NamedTensor> &tensors) {
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
    return osFailure(MOERT_IO, errno, "cannot create folder '%s'", folder.c_str());
  std::set<std::string> taken;
  for (const NamedTensor &output : tensors) {
    std::string header;
    MOERT_RETURN_IF_FAILED(npyHeader(output.tensor, output.name, header));
    MOERT_RETURN_IF_FAILED(writeFile(
        folder + "/" + fileNameFor(output.name, taken),
        {{header.data(), int64_t(header.size())}, {output.tensor.data, output.tensor.bytes}}));
  }
  return success();
}

} // namespace moert::cli
