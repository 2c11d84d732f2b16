// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Inputs.h"
#include "lib/Cli/Npy.h"
#include "lib/Cli/Npz.h"
#include "lib/Cli/Steps.h"
#include "lib/Cli/TensorProto.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"

namespace moert::cli {

namespace {

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Bytes of a text as token ids: elements of the input's type, the last dimension theirs.
moert_status readText(const moert_value_info &info, const std::string &path, const Buffer &file,
                      Tensor &tensor) {
  if (info.rank < 1 || (info.dtype != MOERT_I64 && info.dtype != MOERT_I32))
    return failure(MOERT_INVALID_ARGUMENT,
                   "'%s': text is for inputs of i64 or i32 of rank 1 or more; '%s' is %s",
                   path.c_str(), info.name,
                   describeType(info.dtype, info.rank, info.sizes, info.dim_names).text);
  tensor.dtype = info.dtype;
  tensor.elementBytes = moert_dtype_bits(info.dtype) / 8;
  tensor.sizes.assign(size_t(info.rank), 1);
  tensor.sizes.back() = file.size();
  int64_t bytes = tensorBytes(info.dtype, info.rank, tensor.sizes.data());
  if (bytes < 0 || !tensor.data.allocate(bytes))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for input '%s'", info.name);
  for (int64_t i = 0; i < file.size(); ++i) {
    if (info.dtype == MOERT_I64)
      reinterpret_cast<int64_t *>(tensor.data.data())[i] = file.data()[i];
    else
      reinterpret_cast<int32_t *>(tensor.data.data())[i] = file.data()[i];
  }
  return success();
}

moert_status readTensor(const moert_value_info &info, const std::string &path, Tensor &tensor) {
  Buffer file;
  MOERT_RETURN_IF_FAILED(readFile(path, file));
  if (endsWith(path, ".txt"))
    return readText(info, path, file, tensor);
  if (endsWith(path, ".npy"))
    return parseNpy(file.data(), file.size(), "'" + path + "'", tensor);
  if (endsWith(path, ".pb"))
    return parseTensorProto(file.data(), file.size(), path, tensor);
  return failure(MOERT_UNSUPPORTED, "'%s' is neither a .npy, a .pb nor a .txt file", path.c_str());
}

/// The place of input `name`, or an answer that lists what there is.
moert_status findInput(const moert_entry_info &entry, const std::string &name,
                       const std::string &origin, uint32_t &index) {
  std::string known;
  for (index = 0; index < entry.num_inputs; ++index) {
    if (name == entry.inputs[index].name)
      return success();
    known += (index ? ", " : "") + std::string(entry.inputs[index].name);
  }
  return failure(MOERT_INVALID_ARGUMENT, "%s: the model has no input '%s'; its inputs are: %s",
                 origin.c_str(), name.c_str(), known.empty() ? "none" : known.c_str());
}

void place(const moert_entry_info &entry, uint32_t index, Tensor tensor, const std::string &origin,
           Inputs &inputs) {
  adoptType(tensor, entry.inputs[index].dtype);
  inputs.tensors[index] = std::move(tensor);
  inputs.origins[index] = origin;
}

moert_status readGiven(const moert_entry_info &entry, const Options &options, Inputs &inputs,
                       std::vector<bool> &given) {
  uint32_t index;
  for (const std::string &path : options.archives) {
    Buffer file;
    std::vector<Tensor> tensors;
    MOERT_RETURN_IF_FAILED(readFile(path, file));
    MOERT_RETURN_IF_FAILED(parseNpz(file.data(), file.size(), path, tensors));
    for (Tensor &tensor : tensors) {
      MOERT_RETURN_IF_FAILED(findInput(entry, tensor.name, path, index));
      place(entry, index, std::move(tensor), path, inputs);
      given[index] = true;
    }
  }
  // Single files override archives.
  for (const auto &[name, path] : options.inputs) {
    MOERT_RETURN_IF_FAILED(findInput(entry, name, "--input", index));
    Tensor tensor;
    MOERT_RETURN_IF_FAILED(readTensor(entry.inputs[index], path, tensor));
    place(entry, index, std::move(tensor), path, inputs);
    given[index] = true;
  }
  return success();
}

} // namespace

moert_status collectInputs(const moert_entry_info &entry, const Options &options,
                           const Steps *steps, Inputs &inputs) {
  inputs.tensors.resize(entry.num_inputs);
  inputs.origins.resize(entry.num_inputs);
  std::vector<bool> given(entry.num_inputs);
  MOERT_RETURN_IF_FAILED(readGiven(entry, options, inputs, given));

  for (const auto &[name, size] : options.binds)
    inputs.dims[name] = size;
  auto dimName = [&](uint32_t input, int32_t axis) {
    const char *const *names = entry.inputs[input].dim_names;
    return names ? names[axis] : nullptr;
  };
  for (uint32_t i = 0; i < entry.num_inputs; ++i)
    for (int32_t axis = 0; given[i] && axis < entry.inputs[i].rank; ++axis)
      if (const char *name = dimName(i, axis);
          name && size_t(axis) < inputs.tensors[i].sizes.size())
        inputs.dims.emplace(name, inputs.tensors[i].sizes[size_t(axis)]);

  if (steps)
    MOERT_RETURN_IF_FAILED(steps->complete(inputs, given));
  std::string missing;
  for (uint32_t i = 0; i < entry.num_inputs; ++i) {
    if (given[i])
      continue;
    const moert_value_info &info = entry.inputs[i];
    if (!options.random) {
      missing += std::string(missing.empty() ? "" : ", ") + info.name + " " +
                 describeType(info.dtype, info.rank, info.sizes, info.dim_names).text;
      continue;
    }
    std::vector<int64_t> sizes(info.sizes, info.sizes + info.rank);
    for (int32_t axis = 0; axis < info.rank; ++axis)
      if (sizes[size_t(axis)] < 0) {
        const char *name = dimName(i, axis);
        sizes[size_t(axis)] = name ? inputs.dims.emplace(name, 1).first->second : 1;
      }
    MOERT_RETURN_IF_FAILED(reserveRandom(info, std::move(sizes), inputs.tensors[i]));
  }
  if (!missing.empty())
    return failure(MOERT_INVALID_ARGUMENT,
                   "inputs are missing: %s; give them by --input or --inputs, or have them made up "
                   "by --random",
                   missing.c_str());
  // To fill much memory takes seconds: not before it is known that there is enough for all.
  for (uint32_t i = 0; i < entry.num_inputs; ++i)
    if (!given[i])
      MOERT_RETURN_IF_FAILED(fillRandom(entry.inputs[i], options.seed, inputs.tensors[i]));
  return success();
}

} // namespace moert::cli
