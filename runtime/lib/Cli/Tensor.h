// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensors the command line owns, as the readers make them.
#ifndef MOERT_LIB_CLI_TENSOR_H
#define MOERT_LIB_CLI_TENSOR_H

#include "moert/moert.h"

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

namespace moert::cli {

/// Memory whose size may come from a file, so running out of it is an answer and not the end.
class Buffer {
public:
  /// False when out of memory. Uninitialised, aligned to MOERT_ALIGNMENT, never null afterwards.
  [[nodiscard]] bool allocate(int64_t bytes) {
    size_t rounded = (size_t(bytes) / MOERT_ALIGNMENT + 1) * MOERT_ALIGNMENT;
    data_.reset(static_cast<uint8_t *>(aligned_alloc(MOERT_ALIGNMENT, rounded)));
    size_ = data_ ? bytes : 0;
    return data_ != nullptr;
  }

  uint8_t *data() { return data_.get(); }
  const uint8_t *data() const { return data_.get(); }
  int64_t size() const { return size_; }

private:
  struct Free {
    void operator()(uint8_t *memory) const { free(memory); }
  };
  std::unique_ptr<uint8_t, Free> data_;
  int64_t size_ = 0;
};

/// A dense, row-major tensor.
struct Tensor {
  std::string name;
  /// MOERT_UNDEFINED for elements without a type of their own: NumPy's void of `elementBytes`.
  int32_t dtype = MOERT_UNDEFINED;
  int64_t elementBytes = 0;
  std::vector<int64_t> sizes;
  Buffer data;
};

/// Gives elements that NumPy has no type for theirs: void and unsigned integers of the right width
/// become bf16 or an f8 type where that is what an input expects.
void adoptType(Tensor &tensor, int32_t expected);

/// The whole file. NOT_FOUND, IO or OUT_OF_MEMORY, naming the path.
moert_status readFile(const std::string &path, Buffer &contents);

/// Creates or replaces the file with the parts, one after the other. IO, naming the path.
struct Bytes {
  const void *data;
  int64_t size;
};
moert_status writeFile(const std::string &path, const std::vector<Bytes> &parts);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_TENSOR_H
