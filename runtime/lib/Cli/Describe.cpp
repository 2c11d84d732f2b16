// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Describe.h"
#include "lib/Cli/Printable.h"
#include "lib/Core/Artifact.h"
#include "lib/Core/Signature.h"
#include "lib/Cpu/Isa.h"

#include <cctype>
#include <cstring>
#include <string_view>

namespace moert::cli {

namespace {

const moert_device_code *deviceOf(const struct moert_artifact_v1 &table) {
  return hasDevice(table) ? table.device : nullptr;
}

const moert_host_work *hostWorkOf(const struct moert_artifact_v1 &table) {
  return hasHostWork(table) ? table.host_work : nullptr;
}

std::string typeOf(const moert_value_info &info) {
  return describeType(info.dtype, info.rank, info.sizes, info.dim_names).text;
}

std::string typeOf(const moert_state_info &info) {
  return describeType(info.dtype, info.rank, info.sizes, info.dim_names).text;
}

int64_t weightBytes(const struct moert_artifact_v1 &table) {
  int64_t bytes = 0;
  for (uint32_t i = 0; i < table.num_weights; ++i)
    bytes += table.weights[i].num_slabs * table.weights[i].slab_bytes;
  return bytes;
}

/// The levels of instructions that some kernel is built for, separated by commas.
std::string levelsOf(const struct moert_artifact_v1 &table) {
  std::string text;
  for (int32_t level = 0; level < MOERT_ISA_COUNT; ++level)
    for (uint32_t i = 0; i < table.num_kernels; ++i)
      if (table.kernels[i].levels[level]) {
        text += (text.empty() ? "" : ",") + std::string(isaName(level));
        break;
      }
  return text;
}

/// What the text of a kernel says of its blocks. Registers are the assembler's affair, and shared
/// memory that a launch asks for depends on shapes.
struct BlockNeeds {
  int64_t threads = 0; // at most; 0: not said
  int64_t sharedBytes = 0;
};

/// The number at the start of `text`, behind blanks.
int64_t leadingNumber(std::string_view text) {
  size_t at = text.find_first_not_of(" \t");
  int64_t number = 0;
  for (; at < text.size() && isdigit(static_cast<unsigned char>(text[at])) && number < INT32_MAX;
       ++at)
    number = number * 10 + (text[at] - '0');
  return number;
}

/// The text of `.entry NAME(` up to the next function's; empty if there is none.
std::string_view entryText(std::string_view ptx, std::string_view name) {
  constexpr std::string_view kEntry = ".entry ";
  for (size_t at = ptx.find(kEntry); at != ptx.npos; at = ptx.find(kEntry, at)) {
    at += kEntry.size();
    if (ptx.substr(at, name.size()) == name && ptx.substr(at + name.size(), 1) == "(")
      return ptx.substr(at, ptx.find(kEntry, at) - at);
  }
  return {};
}

BlockNeeds needsOf(std::string_view ptx, const char *kernel) {
  BlockNeeds needs;
  const std::string_view text = entryText(ptx, kernel);
  if (size_t at = text.find(".maxntid"); at != text.npos) {
    needs.threads = 1;
    std::string_view line = text.substr(at + strlen(".maxntid"));
    line = line.substr(0, line.find('\n'));
    for (size_t comma = 0; comma != line.npos; comma = line.find(',')) {
      line = line.substr(comma ? comma + 1 : 0);
      if (const int64_t factor = leadingNumber(line); factor > 0 && needs.threads < INT32_MAX)
        needs.threads *= factor;
    }
  }
  // Declarations that belong to one kernel are inside it: `.shared .align 16 .b8 name[512];`.
  for (size_t at = text.find("\n\t.shared"); at != text.npos;
       at = text.find("\n\t.shared", at + 1)) {
    const std::string_view line = text.substr(at + 1, text.find('\n', at + 1) - at - 1);
    if (size_t open = line.find('['); open != line.npos)
      needs.sharedBytes += leadingNumber(line.substr(open + 1));
  }
  return needs;
}

/// A string of JSON: names are UTF-8, and escaped where JSON wants it.
std::string quoted(const char *text) {
  std::string result = "\"";
  for (char c : printable(text)) {
    if (c == '"' || c == '\\')
      result += '\\';
    result += c;
  }
  return result + "\"";
}

std::string number(int64_t value) { return std::to_string(value); }

/// "1 launch", "2 launches".
std::string counted(int64_t count, const char *one, const char *many) {
  return number(count) + " " + (count == 1 ? one : many);
}

std::string gridText(const struct moert_artifact_v1 &table) {
  std::string text;
  if (hasGrid(table))
    for (uint32_t axis = 0; axis < table.grid_rank; ++axis)
      text += (axis ? "x" : "") + number(table.grid[axis]);
  return text;
}

} // namespace

std::string describeText(const struct moert_artifact_v1 &table) {
  std::string text;
  const moert_device_code *device = deviceOf(table);
  if (table.producer)
    text += "compiled by " + printable(table.producer) + "\n";
  if (device)
    text += "target: cuda:" + printable(device->chip) + ", PTX of " +
            number(int64_t(strlen(device->ptx))) + " bytes" +
            (device->cubin ? ", machine code of " + number(int64_t(device->cubin_bytes)) + " bytes"
                           : std::string()) +
            "\n";
  else
    text += "target: cpu:" + levelsOf(table) + "\n";
  if (const std::string grid = gridText(table); !grid.empty())
    text += "ranks: " + grid + "\n";
  text += "weights: " + number(table.num_weights) + ", " + number(weightBytes(table)) + " bytes\n";
  for (uint32_t i = 0; i < table.num_states; ++i)
    text += "state: " + printable(table.states[i].name) + " " + printable(typeOf(table.states[i])) +
            ", " + number(table.states[i].capacity) + " rows\n";
  for (uint32_t e = 0; e < table.num_entries; ++e) {
    const moert_entry_info &entry = table.entries[e];
    text += "entry: " + printable(entry.name) + "\n";
    for (uint32_t i = 0; i < entry.num_inputs; ++i)
      text += "  input " + printable(entry.inputs[i].name) + " " +
              printable(typeOf(entry.inputs[i])) + "\n";
    for (uint32_t i = 0; i < entry.num_outputs; ++i)
      text += "  output " + printable(entry.outputs[i].name) + " " +
              printable(typeOf(entry.outputs[i])) + "\n";
    if (const moert_host_work *work = hostWorkOf(table))
      text += "  per run: " + counted(work[e].launches, "launch", "launches") + "; on the host " +
              counted(work[e].operators, "operator", "operators") + ", " +
              counted(work[e].scalar_reads, "number", "numbers") + " read, " +
              number(work[e].scalar_writes) + " written\n";
  }
  if (device)
    text += "kernels: " + number(device->num_kernels) + "\n";
  for (uint32_t i = 0; device && i < device->num_kernels; ++i) {
    const moert_device_kernel_info &kernel = device->kernels[i];
    const BlockNeeds needs = needsOf(device->ptx, kernel.name);
    text += "  " + printable(kernel.name) + ": " +
            counted(kernel.num_parameters, "parameter", "parameters");
    if (needs.threads)
      text += ", " + number(needs.threads) + " threads";
    if (needs.sharedBytes)
      text += ", " + number(needs.sharedBytes) + " bytes of shared memory";
    text += "\n";
  }
  return text;
}

std::string describeJson(const struct moert_artifact_v1 &table) {
  const moert_device_code *device = deviceOf(table);
  const moert_host_work *work = hostWorkOf(table);
  const std::string target =
      device ? std::string("cuda:") + device->chip : "cpu:" + levelsOf(table);
  auto values = [](const moert_value_info *infos, uint32_t count) {
    std::string text = "[";
    for (uint32_t i = 0; i < count; ++i)
      text += (i ? ", " : "") + ("{\"name\": " + quoted(infos[i].name)) +
              ", \"type\": " + quoted(typeOf(infos[i]).c_str()) + "}";
    return text + "]";
  };
  std::string text = "{\"target\": " + quoted(target.c_str());
  if (table.producer)
    text += ", \"producer\": " + quoted(table.producer);
  if (const std::string grid = gridText(table); !grid.empty())
    text += ", \"ranks\": " + quoted(grid.c_str());
  text += ",\n \"weights\": " + number(table.num_weights) +
          ", \"weight_bytes\": " + number(weightBytes(table)) + ",\n \"states\": [";
  for (uint32_t i = 0; i < table.num_states; ++i)
    text += (i ? ", " : "") + ("{\"name\": " + quoted(table.states[i].name)) +
            ", \"type\": " + quoted(typeOf(table.states[i]).c_str()) +
            ", \"rows\": " + number(table.states[i].capacity) + "}";
  text += "],\n \"entries\": [";
  for (uint32_t e = 0; e < table.num_entries; ++e) {
    const moert_entry_info &entry = table.entries[e];
    text += (e ? ",\n  " : "") + ("{\"name\": " + quoted(entry.name)) +
            ", \"inputs\": " + values(entry.inputs, entry.num_inputs) +
            ", \"outputs\": " + values(entry.outputs, entry.num_outputs);
    if (work)
      text += ", \"launches\": " + number(work[e].launches) +
              ", \"host_operators\": " + number(work[e].operators) +
              ", \"scalar_reads\": " + number(work[e].scalar_reads) +
              ", \"scalar_writes\": " + number(work[e].scalar_writes);
    text += "}";
  }
  text += "]";
  if (device) {
    text += ",\n \"ptx_bytes\": " + number(int64_t(strlen(device->ptx))) +
            ", \"cubin_bytes\": " + number(int64_t(device->cubin_bytes)) + ",\n \"kernels\": [";
    for (uint32_t i = 0; i < device->num_kernels; ++i) {
      const moert_device_kernel_info &kernel = device->kernels[i];
      const BlockNeeds needs = needsOf(device->ptx, kernel.name);
      text += (i ? ",\n  " : "") + ("{\"name\": " + quoted(kernel.name)) +
              ", \"parameters\": " + number(kernel.num_parameters) +
              ", \"threads\": " + number(needs.threads) +
              ", \"shared_bytes\": " + number(needs.sharedBytes) + "}";
    }
    text += "]";
  }
  return text + "}\n";
}

} // namespace moert::cli
