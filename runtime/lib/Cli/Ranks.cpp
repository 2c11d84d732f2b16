// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Ranks.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"

#include <cstring>
#include <optional>

namespace moert::cli {

namespace {

bool hasDynamicRows(const moert_value_info &info) { return info.rank > 0 && info.sizes[0] < 0; }

/// A copy of `count` entries along dimension 0, from `first` on, or of all of it if `count` < 0.
moert_status copyRows(const moert_value_info &info, const Tensor &from, int64_t first,
                      int64_t count, Tensor &to) {
  to.name = from.name;
  to.dtype = from.dtype;
  to.elementBytes = from.elementBytes;
  to.sizes = from.sizes;
  int64_t begin = 0, bytes = from.data.size();
  if (count >= 0) {
    to.sizes[0] = count;
    // Rows of packed elements end within a byte only if there is one of them.
    int64_t each = from.sizes[0] ? bytes / from.sizes[0] : 0;
    if (each * from.sizes[0] != bytes)
      return failure(MOERT_UNSUPPORTED, "input '%s': rows that share a byte cannot be split",
                     info.name);
    begin = first * each;
    bytes = count * each;
  }
  if (!to.data.allocate(bytes))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for input '%s'", info.name);
  if (bytes)
    memcpy(to.data.data(), from.data.data() + begin, size_t(bytes));
  return success();
}

bool areEqual(const moert_tensor &a, const moert_tensor &b) {
  return a.rank == b.rank && a.bytes == b.bytes && std::equal(a.sizes, a.sizes + a.rank, b.sizes) &&
         (a.bytes == 0 || memcmp(a.data, b.data, size_t(a.bytes)) == 0);
}

/// Rows for each entry of the batch, if they are as many on every rank.
std::optional<int64_t> rowsOfEntry(const std::vector<moert_tensor> &parts,
                                   const std::vector<RankInputs> &ranks) {
  std::optional<int64_t> each;
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    int64_t rows = parts[rank].sizes[0], batch = ranks[rank].batch;
    if (batch == 0 ? rows != 0 : rows % batch != 0 || rows / batch != each.value_or(rows / batch))
      return std::nullopt;
    if (batch)
      each = rows / batch;
  }
  return each;
}

/// Gives `whole` memory and the sizes of `like` with `rows` along dimension 0, if it has one.
moert_status reserve(const moert_value_info &info, const moert_tensor &like, int64_t rows,
                     Tensor &whole) {
  whole.dtype = like.dtype;
  whole.elementBytes = moert_dtype_bits(like.dtype) / 8;
  whole.sizes.assign(like.sizes, like.sizes + like.rank);
  if (like.rank)
    whole.sizes[0] = rows;
  int64_t bytes = tensorBytes(like.dtype, like.rank, whole.sizes.data());
  if (bytes < 0 || !whole.data.allocate(bytes))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for output '%s' of all ranks", info.name);
  return success();
}

} // namespace

/// Exporters give each input dimensions of its own, s43 or mask_dynamic_axes_1, where nobody has
/// named them: such names do not tell that sizes differ.
static bool isGenerated(const char *name) {
  const size_t length = strlen(name);
  return length > 0 && name[length - 1] >= '0' && name[length - 1] <= '9';
}

/// Which inputs are split.
static moert_status findSplit(const moert_entry_info &entry, const Inputs &inputs, int64_t batch,
                              const std::vector<std::string> &named, std::vector<bool> &isSplit) {
  isSplit.assign(entry.num_inputs, false);
  auto nameOf = [&](uint32_t input) {
    const moert_value_info &info = entry.inputs[input];
    return info.dim_names ? info.dim_names[0] : nullptr;
  };
  for (const std::string &name : named) {
    uint32_t input = 0;
    while (input < entry.num_inputs && name != entry.inputs[input].name)
      ++input;
    if (input == entry.num_inputs)
      return failure(MOERT_INVALID_ARGUMENT, "--split: there is no input '%s'", name.c_str());
    const Tensor &tensor = inputs.tensors[input];
    if (!hasDynamicRows(entry.inputs[input]) || tensor.sizes.empty() || tensor.sizes[0] != batch)
      return failure(MOERT_INVALID_ARGUMENT,
                     "--split: input '%s' has no dynamic dimension 0 of the batch's size, %lld",
                     name.c_str(), static_cast<long long>(batch));
    isSplit[input] = true;
  }
  for (uint32_t input = 0; input < entry.num_inputs; ++input) {
    const moert_value_info &info = entry.inputs[input];
    const Tensor &tensor = inputs.tensors[input];
    if (input == 0)
      isSplit[input] = true;
    if (!named.empty() || !hasDynamicRows(info) || tensor.sizes.empty() || tensor.sizes[0] != batch)
      continue;
    const char *name = nameOf(input), *first = nameOf(0);
    if (name && first && strcmp(name, first) != 0 && !isGenerated(name) && !isGenerated(first))
      return failure(MOERT_INVALID_ARGUMENT,
                     "input '%s' has the batch's size, %lld, but calls it '%s', and '%s' '%s': say "
                     "which inputs are split over ranks, as in --split=%s or --split=%s,%s",
                     info.name, static_cast<long long>(batch), name, entry.inputs[0].name, first,
                     entry.inputs[0].name, entry.inputs[0].name, info.name);
    isSplit[input] = true;
  }
  return success();
}

moert_status splitBatch(const moert_entry_info &entry, const Inputs &inputs, int32_t count,
                        const std::vector<std::string> &named, std::vector<RankInputs> &ranks) {
  ranks.resize(size_t(count));
  if (entry.num_inputs && (!hasDynamicRows(entry.inputs[0]) || inputs.tensors[0].sizes.empty()))
    return failure(MOERT_INVALID_ARGUMENT,
                   "input '%s' has no dynamic dimension 0: there is no batch to split over ranks",
                   entry.inputs[0].name);
  const int64_t batch = entry.num_inputs ? inputs.tensors[0].sizes[0] : 0;
  std::vector<bool> areSplit;
  MOERT_RETURN_IF_FAILED(findSplit(entry, inputs, batch, named, areSplit));
  int64_t first = 0;
  for (int32_t i = 0; i < count; ++i) {
    RankInputs &rank = ranks[size_t(i)];
    rank.batch = batch / count + (i < batch % count);
    rank.inputs.origins = inputs.origins;
    rank.inputs.dims = inputs.dims;
    rank.inputs.tensors.resize(entry.num_inputs);
    for (uint32_t input = 0; input < entry.num_inputs; ++input) {
      const moert_value_info &info = entry.inputs[input];
      const Tensor &tensor = inputs.tensors[input];
      const bool isSplit = areSplit[input];
      MOERT_RETURN_IF_FAILED(
          copyRows(info, tensor, first, isSplit ? rank.batch : -1, rank.inputs.tensors[input]));
      for (int32_t axis = 0; axis < info.rank; ++axis) {
        const char *name = info.dim_names ? info.dim_names[axis] : nullptr;
        if (!name)
          continue;
        const bool isBatch = isSplit && axis == 0;
        (isBatch ? rank.batchNames : rank.otherNames).insert(name);
        if (isBatch)
          rank.inputs.dims[name] = rank.batch;
      }
    }
    first += rank.batch;
  }
  return success();
}

moert_status joinBatches(const moert_value_info &info, const std::vector<moert_tensor> &parts,
                         const std::vector<RankInputs> &ranks, Tensor &whole) {
  const char *name = info.rank > 0 && info.dim_names ? info.dim_names[0] : nullptr;
  const bool isBatch = name && ranks[0].batchNames.count(name);
  std::optional<int64_t> each;
  if (hasDynamicRows(info) && (isBatch || !name || !ranks[0].otherNames.count(name)))
    each = rowsOfEntry(parts, ranks);
  bool isSame = true;
  for (const moert_tensor &part : parts)
    isSame &= areEqual(part, parts[0]);
  if (isSame && each.value_or(1) != 1)
    return failure(
        MOERT_UNSUPPORTED,
        "output '%s' is the same on every rank, and nothing tells whether its rows belong "
        "to entries of the batch; run ranks as processes, or on one rank",
        info.name);
  if (isSame && !each) {
    MOERT_RETURN_IF_FAILED(reserve(info, parts[0], info.rank ? parts[0].sizes[0] : 0, whole));
    if (parts[0].bytes)
      memcpy(whole.data.data(), parts[0].data, size_t(parts[0].bytes));
    return success();
  }
  if (!each)
    return failure(MOERT_UNSUPPORTED,
                   "output '%s' differs between ranks and has no rows for each entry of the batch",
                   info.name);
  int64_t rows = 0;
  for (const moert_tensor &part : parts) {
    if (!std::equal(part.sizes + 1, part.sizes + part.rank, parts[0].sizes + 1))
      return failure(MOERT_UNSUPPORTED, "output '%s': rows have other sizes on other ranks",
                     info.name);
    rows += part.sizes[0];
  }
  MOERT_RETURN_IF_FAILED(reserve(info, parts[0], rows, whole));
  int64_t at = 0;
  for (const moert_tensor &part : parts) {
    if (at + part.bytes > whole.data.size())
      return failure(MOERT_UNSUPPORTED, "output '%s': rows that share a byte cannot be joined",
                     info.name);
    if (part.bytes)
      memcpy(whole.data.data() + at, part.data, size_t(part.bytes));
    at += part.bytes;
  }
  return success();
}

} // namespace moert::cli
