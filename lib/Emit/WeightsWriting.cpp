//===- WeightsWriting.cpp - Weights files -----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluates the weights of a module piece by piece into the runtime's writer:
// pieces are evaluated by several threads at a time and staged in order, so
// neither the file nor the error that is reported depends on the threads, and
// memory does not grow with the model. Whichever thread has staged something
// while nobody writes goes on to write, as long as there is something, while the
// others evaluate: a file has one writer at a time anyhow.
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/WeightPacker.h"

#include "lib/Conversion/RTToLLVM/RuntimeCalls.h"
#include "lib/Core/WeightsFile.h"
#include "moec/Emit.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Threading.h"

#include <condition_variable>
#include <mutex>
#include <pthread.h>

using namespace llvm;
using namespace moec;
using namespace moec::rt;

static Error toError(const moert_status &status) {
  if (status.code == MOERT_OK)
    return Error::success();
  return createStringError(Twine("weights file: ") + status.message);
}

/// The error of one weight, with its name.
static Error explain(WeightOp weight, Error error) {
  if (!error.isA<WeightRangeError>())
    return joinErrors(createStringError("weight @" + weight.getSymName()), std::move(error));
  std::string text = "weight " + getWeightName(weight) + ": " + toString(std::move(error));
  return make_error<WeightRangeError>(text, weight.getLoc());
}

std::string moec::getWeightName(WeightOp weight) {
  if (auto fused = dyn_cast<mlir::FusedLoc>(weight.getLoc()))
    if (auto name = dyn_cast_if_present<mlir::StringAttr>(fused.getMetadata()))
      return name.str();
  return ("@" + weight.getSymName()).str();
}

namespace {

/// What the threads that pack share.
class Packing {
public:
  Packing(ArrayRef<WeightOp> weights, moert::WeightsWriter &writer, const PackOptions &options,
          int64_t total)
      : weights(weights), writer(writer), options(options), total(total), files(options) {}

  /// Packs until there is nothing more to pack. Called by any number of threads.
  void run();

  Error takeError() { return std::move(failure); }

private:
  struct Job {
    uint32_t weight;
    WeightPiece piece;
    int64_t turn;
  };

  std::optional<Job> next();
  Error stage(const Job &job, ArrayRef<char> bytes);
  void fail(Error error);

  const ArrayRef<WeightOp> weights;
  moert::WeightsWriter &writer;
  const PackOptions &options;
  const int64_t total;
  WeightFiles files;
  int64_t staged = 0; // belongs to the thread whose turn it is, as staging does

  std::mutex mutex; // of what follows
  std::condition_variable turnEnded;
  std::optional<WeightPieces> pieces; // of the weight before `begun`
  uint32_t begun = 0;
  int64_t jobs = 0, turn = 0;
  bool failed = false;
  Error failure = Error::success();
};

} // namespace

std::optional<Packing::Job> Packing::next() {
  while (true) {
    if (pieces)
      if (std::optional<WeightPiece> piece = pieces->next())
        return Job{begun - 1, *piece, jobs++};
    if (begun == weights.size())
      return std::nullopt;
    WeightOp weight = weights[begun++];
    pieces.emplace(weight.getValue(), options.pieceBytes);
  }
}

Error Packing::stage(const Job &job, ArrayRef<char> bytes) {
  if (Error error = toError(writer.stage(job.weight, job.piece.slab, bytes.data(), bytes.size())))
    return error;
  staged += bytes.size();
  if (options.progress)
    options.progress(staged, total);
  return Error::success();
}

/// Ends all threads; the first error counts.
void Packing::fail(Error error) {
  if (failed) {
    consumeError(std::move(error));
    return;
  }
  failed = true;
  failure = std::move(error);
  turnEnded.notify_all();
}

void Packing::run() {
  WeightPacker packer(files);
  SmallVector<char, 0> bytes;
  std::unique_lock lock(mutex);
  while (!failed) {
    std::optional<Job> job = next();
    if (!job)
      return;
    lock.unlock();
    WeightOp weight = weights[job->weight];
    Error error = packer.pack(weight.getValue(), job->piece, bytes);
    lock.lock();
    turnEnded.wait(lock, [&] { return failed || turn == job->turn; });
    if (failed) { // earlier in the file than this piece
      consumeError(std::move(error));
      return;
    }
    if (error)
      return fail(explain(weight, std::move(error)));
    lock.unlock();
    error = stage(*job, bytes);
    lock.lock();
    if (error)
      return fail(std::move(error));
    ++turn;
    turnEnded.notify_all();
    lock.unlock();
    error = toError(writer.writeStaged());
    lock.lock();
    if (error)
      return fail(std::move(error));
  }
}

static int64_t getThreads(const PackOptions &options) {
  if (options.threads > 0)
    return options.threads;
  // More keep no disk busier.
  constexpr unsigned most = 16;
  return std::min(llvm::hardware_concurrency().compute_thread_count(), most);
}

/// Calls `body` on `count` threads, of which this is one, or on as many as the system has to give.
static void runOnThreads(int64_t count, function_ref<void()> body) {
  auto start = [](void *argument) -> void * {
    (*static_cast<function_ref<void()> *>(argument))();
    return nullptr;
  };
  std::vector<pthread_t> others;
  pthread_t thread;
  while (static_cast<int64_t>(others.size()) + 1 < count &&
         pthread_create(&thread, nullptr, start, &body) == 0)
    others.push_back(thread);
  body();
  for (pthread_t other : others)
    pthread_join(other, nullptr);
}

Error moec::writeWeights(mlir::ModuleOp module, StringRef path, const PackOptions &options) {
  auto buildId = module->getAttrOfType<mlir::DenseI8ArrayAttr>(RTDialect::kBuildId);
  if (!buildId)
    return createStringError("the module has no build id; --convert-rt-to-llvm makes it");
  auto weights = llvm::to_vector(module.getOps<WeightOp>());
  if (weights.empty())
    return Error::success();

  std::vector<std::string> names;
  std::vector<moert_weight_info> infos;
  int64_t total = 0;
  for (WeightOp weight : weights)
    names.push_back(weight.getSymName().str());
  for (auto [weight, name] : llvm::zip_equal(weights, names)) {
    WeightLayout layout = getWeightLayout(weight.getValue());
    moert_weight_info info = {};
    info.name = name.c_str();
    info.dtype = getDType(layout.elementType, "");
    info.num_slabs = layout.numSlabs;
    info.slab_bytes = layout.slabBytes;
    info.slab_stride = layout.slabStride;
    infos.push_back(info);
    total += layout.numSlabs * layout.slabBytes;
  }

  moert::WeightsWriter writer;
  std::string file = path.str();
  if (Error error = toError(
          writer.begin(file.c_str(), reinterpret_cast<const uint8_t *>(buildId.asArrayRef().data()),
                       infos.data(), infos.size())))
    return error;
  Packing packing(weights, writer, options, total);
  // Evaluation makes types and attributes, for which the context must expect several threads.
  mlir::MLIRContext *context = module.getContext();
  const bool wasMultithreaded = context->isMultithreadingEnabled();
  context->enableMultithreading();
  runOnThreads(getThreads(options), [&] { packing.run(); });
  context->enableMultithreading(wasMultithreaded);
  if (Error error = packing.takeError())
    return error;
  return toError(writer.finish());
}
