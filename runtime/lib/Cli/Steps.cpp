// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Steps.h"
#include "lib/Cli/Summary.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"

#include <cstring>

namespace moert::cli {

namespace {

bool findValue(const moert_value_info *infos, uint32_t count, const std::string &name,
               uint32_t &index) {
  for (index = 0; index < count; ++index)
    if (name == infos[index].name)
      return true;
  return false;
}

bool isReal(int32_t dtype) {
  return dtype == MOERT_F32 || dtype == MOERT_F64 || dtype == MOERT_F16 || dtype == MOERT_BF16;
}

const char *lastDimName(const moert_value_info &info) {
  return info.dim_names ? info.dim_names[info.rank - 1] : nullptr;
}

int64_t product(const std::vector<int64_t> &sizes, size_t count) {
  int64_t result = 1;
  for (size_t i = 0; i < count; ++i)
    result *= sizes[i];
  return result;
}

int64_t leadingSize(const Tensor &tensor) { return product(tensor.sizes, tensor.sizes.size() - 1); }

/// Integers of a tensor to read and write, whatever their type.
struct Elements {
  explicit Elements(Tensor &tensor) : data(tensor.data.data()), dtype(tensor.dtype) {}

  int64_t get(int64_t index) const {
    if (dtype == MOERT_I64)
      return reinterpret_cast<const int64_t *>(data)[index];
    if (dtype == MOERT_I32)
      return reinterpret_cast<const int32_t *>(data)[index];
    return data[index];
  }
  void set(int64_t index, int64_t value) {
    if (dtype == MOERT_I64)
      reinterpret_cast<int64_t *>(data)[index] = value;
    else if (dtype == MOERT_I32)
      reinterpret_cast<int32_t *>(data)[index] = int32_t(value);
    else
      data[index] = uint8_t(value);
  }

  uint8_t *data;
  int32_t dtype;
};

bool hasElements(int32_t dtype) {
  return dtype == MOERT_I64 || dtype == MOERT_I32 || dtype == MOERT_BOOL;
}

/// Gives `tensor` the last size `last` and new memory.
moert_status resize(const moert_value_info &info, std::vector<int64_t> sizes, Tensor &tensor) {
  int64_t bytes = tensorBytes(info.dtype, int64_t(sizes.size()), sizes.data());
  Buffer data;
  if (bytes < 0 || !data.allocate(bytes))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for input '%s'", info.name);
  tensor.data = std::move(data);
  tensor.sizes = std::move(sizes);
  tensor.dtype = info.dtype;
  tensor.elementBytes = moert_dtype_bits(info.dtype) / 8;
  return success();
}

} // namespace

moert_status argMaxOfLastRows(const moert_tensor &logits, int64_t sequences,
                              std::vector<int64_t> &places) {
  int64_t columns = logits.rank ? logits.sizes[logits.rank - 1] : 0, rows = 1;
  for (int32_t axis = 0; axis + 1 < logits.rank; ++axis)
    rows *= logits.sizes[axis];
  if (columns == 0 || rows == 0 || sequences == 0 || rows % sequences)
    return failure(MOERT_INVALID_ARGUMENT, "%s has no last row for each of %lld sequences",
                   describeType(logits.dtype, logits.rank, logits.sizes, nullptr).text,
                   static_cast<long long>(sequences));
  places.clear();
  for (int64_t sequence = 0; sequence < sequences; ++sequence) {
    int64_t start = ((sequence + 1) * (rows / sequences) - 1) * columns, best = 0;
    for (int64_t column = 1; column < columns; ++column) {
      double value = realAt(logits, start + column), most = realAt(logits, start + best);
      if (value > most || (most != most && value == value))
        best = column;
    }
    places.push_back(best);
  }
  return success();
}

moert_status Steps::make(const moert_entry_info &entry, const Options &options, Steps &steps) {
  steps.entry_ = &entry;
  uint32_t fed;
  const char *in = options.feedInput.c_str(), *out = options.feedOutput.c_str();
  if (!findValue(entry.inputs, entry.num_inputs, options.feedInput, fed))
    return failure(MOERT_INVALID_ARGUMENT, "--feed: the model has no input '%s'", in);
  if (!findValue(entry.outputs, entry.num_outputs, options.feedOutput, steps.output_))
    return failure(MOERT_INVALID_ARGUMENT, "--feed: the model has no output '%s'", out);
  const moert_value_info &input = entry.inputs[fed], &output = entry.outputs[steps.output_];
  if ((input.dtype != MOERT_I64 && input.dtype != MOERT_I32) || input.rank < 1)
    return failure(MOERT_INVALID_ARGUMENT,
                   "--feed: input '%s' must be i64 or i32 of rank 1 or "
                   "more; it is %s",
                   in, describeType(input.dtype, input.rank, input.sizes, input.dim_names).text);
  if (!isReal(output.dtype) || output.rank < 1)
    return failure(MOERT_INVALID_ARGUMENT,
                   "--feed: output '%s' must be real and of rank 1 or "
                   "more; it is %s",
                   out,
                   describeType(output.dtype, output.rank, output.sizes, output.dim_names).text);
  steps.changed_ = {fed};
  for (const std::string &name : options.advances) {
    uint32_t index;
    if (!findValue(entry.inputs, entry.num_inputs, name, index))
      return failure(MOERT_INVALID_ARGUMENT, "--advance: the model has no input '%s'",
                     name.c_str());
    for (uint32_t other : steps.changed_)
      if (other == index)
        return failure(MOERT_INVALID_ARGUMENT, "--advance: '%s' is fed or advanced already",
                       name.c_str());
    const moert_value_info &info = entry.inputs[index];
    if (!hasElements(info.dtype) || info.rank < 1)
      return failure(MOERT_INVALID_ARGUMENT,
                     "--advance: input '%s' must be i64, i32 or bool of rank 1 or more; it is %s",
                     name.c_str(),
                     describeType(info.dtype, info.rank, info.sizes, info.dim_names).text);
    steps.changed_.push_back(index);
  }
  return success();
}

bool Steps::isTied(uint32_t input, const Inputs &inputs) const {
  const char *name = lastDimName(entry_->inputs[input]);
  const char *fed = lastDimName(entry_->inputs[changed_[0]]);
  if (name && fed)
    return strcmp(name, fed) == 0;
  return inputs.tensors[input].sizes.back() == inputs.tensors[changed_[0]].sizes.back();
}

moert_status Steps::complete(Inputs &inputs, std::vector<bool> &given) const {
  const Tensor &fed = inputs.tensors[changed_[0]];
  if (!given[changed_[0]] || int32_t(fed.sizes.size()) != entry_->inputs[changed_[0]].rank)
    return success(); // said elsewhere
  for (uint32_t index : changed_) {
    if (given[index])
      continue;
    const moert_value_info &info = entry_->inputs[index];
    std::vector<int64_t> sizes(info.sizes, info.sizes + info.rank);
    for (size_t axis = 0; axis < sizes.size(); ++axis) {
      if (sizes[axis] >= 0)
        continue;
      const char *name = info.dim_names ? info.dim_names[axis] : nullptr;
      auto known = name ? inputs.dims.find(name) : inputs.dims.end();
      if (known != inputs.dims.end())
        sizes[axis] = known->second;
      else if (axis + 1 == sizes.size())
        sizes[axis] = fed.sizes.back();
      else
        sizes[axis] = sizes.size() == fed.sizes.size() ? fed.sizes[axis] : 1;
    }
    Tensor &tensor = inputs.tensors[index];
    MOERT_RETURN_IF_FAILED(resize(info, std::move(sizes), tensor));
    int64_t last = tensor.sizes.back(), rows = leadingSize(tensor);
    bool isPosition = isTied(index, inputs);
    Elements elements(tensor);
    for (int64_t i = 0; i < rows * last; ++i)
      elements.set(i, isPosition ? i % last : 1);
    given[index] = true;
  }
  return success();
}

moert_status Steps::next(const moert_tensor &out, Inputs &inputs,
                         std::vector<int64_t> &tokens) const {
  Tensor &fed = inputs.tensors[changed_[0]];
  tokens.clear();
  // A rank may have no sequences.
  int64_t sequences = leadingSize(fed);
  moert_status status = sequences ? argMaxOfLastRows(out, sequences, tokens) : success();
  if (status.code != MOERT_OK)
    return failure(status.code, "--feed: output '%s': %s", entry_->outputs[output_].name,
                   status.message);
  // While IN still has the rows of the step before.
  for (size_t i = 1; i < changed_.size(); ++i) {
    const moert_value_info &info = entry_->inputs[changed_[i]];
    Tensor &tensor = inputs.tensors[changed_[i]];
    int64_t rows = leadingSize(tensor), before = tensor.sizes.back();
    bool isPosition = isTied(changed_[i], inputs);
    if (isPosition && before == 0)
      return failure(MOERT_INVALID_ARGUMENT, "--advance: input '%s' has no last value", info.name);
    Tensor old = std::move(tensor);
    std::vector<int64_t> sizes = old.sizes;
    int64_t kept = isPosition ? 0 : before;
    sizes.back() = kept + 1;
    MOERT_RETURN_IF_FAILED(resize(info, std::move(sizes), tensor));
    Elements from(old), to(tensor);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t place = 0; place < kept; ++place)
        to.set(row * (kept + 1) + place, from.get(row * before + place));
      to.set(row * (kept + 1) + kept, isPosition ? from.get((row + 1) * before - 1) + 1 : 1);
    }
  }
  std::vector<int64_t> sizes = fed.sizes;
  sizes.back() = 1;
  MOERT_RETURN_IF_FAILED(resize(entry_->inputs[changed_[0]], std::move(sizes), fed));
  Elements elements(fed);
  for (size_t i = 0; i < tokens.size(); ++i)
    elements.set(int64_t(i), tokens[i]);
  return success();
}

} // namespace moert::cli
