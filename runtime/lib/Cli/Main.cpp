// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cli/Describe.h"
#include "lib/Cli/Inputs.h"
#include "lib/Cli/Npz.h"
#include "lib/Cli/Options.h"
#include "lib/Cli/OutputFolder.h"
#include "lib/Cli/Printable.h"
#include "lib/Cli/Process.h"
#include "lib/Cli/RankRunner.h"
#include "lib/Cli/ReleaseHandle.h"
#include "lib/Cli/Stack.h"
#include "lib/Cli/Steps.h"
#include "lib/Cli/Summary.h"
#include "lib/Core/Artifact.h"
#include "lib/Core/Signature.h"
#include "lib/Core/Status.h"
#include "moert/cli.h"

#include <algorithm>
#include <climits>
#include <cstdio>
#include <cstring>
#include <set>
#include <unistd.h>

namespace moert::cli {

namespace {

int exitCodeOf(int32_t code) {
  switch (code) {
  case MOERT_OK:
    return 0;
  case MOERT_INVALID_ARGUMENT:
  case MOERT_FAILED_PRECONDITION:
    return 2;
  case MOERT_NOT_FOUND:
  case MOERT_INCOMPATIBLE:
  case MOERT_CORRUPT:
  case MOERT_IO:
    return 3;
  case MOERT_UNSUPPORTED:
    return 4;
  case MOERT_INTERNAL:
    return 70;
  default:
    return 5;
  }
}

/// One invocation, step by step; each leaves a status.
class Invocation {
public:
  Invocation(const struct moert_artifact_v1 *table, std::string program)
      : table_(table), program_(std::move(program)) {}

  int run(int argc, char **argv);

private:
  moert_status openRuntime();
  moert_status load();
  moert_status openArtifact();
  moert_status checkBinds() const;
  moert_status prepare();
  moert_status runAll();
  moert_status runSteps();
  moert_status print(const std::vector<int64_t> &tokens) const;
  moert_status write();
  void printVersion() const;
  void printHelp() const;
  int describe();
  void explainMadeUp() const;
  int finish(const moert_status &status, int exitCode);
  int finish(const moert_status &status) { return finish(status, exitCodeOf(status.code)); }

  const moert_api &api_ = *moert_get_api(MOERT_API_VERSION);
  const struct moert_artifact_v1 *table_;
  const std::string program_;
  Options options_;
  Inputs inputs_;                         // until the runner has them
  std::map<std::string, int64_t> madeUp_; // sizes of named dimensions, for a message
  Steps steps_;
  Profile profile_;       // before what calls its hook
  std::string rankLabel_; // where this process is one rank of several
  bool badInput_ = false; // a file's tensor does not fit the signature
  Handle<moert_runtime> runtime_;
  Handle<moert_artifact> artifact_;
  Handle<moert_weights> weights_;
  RankRunner runner_;
};

void logToStderr(void *, int32_t, const char *message) {
  fprintf(stderr, "%s\n", printable(message, 4096).c_str());
}

/// Where this program's file is; its weights are beside it.
std::string programPath() {
  char path[PATH_MAX];
  ssize_t length = readlink("/proc/self/exe", path, sizeof(path));
  return length > 0 && length < ssize_t(sizeof(path)) ? std::string(path, size_t(length)) : "";
}

moert_status Invocation::openArtifact() {
  moert_artifact *artifact = nullptr;
  moert_status status =
      table_ ? api_.artifact_from_table(runtime_.get(), table_, programPath().c_str(), &artifact)
             : api_.artifact_open(runtime_.get(), options_.model.c_str(), &artifact);
  MOERT_RETURN_IF_FAILED(keep(status, artifact, artifact_));
  table_ = api_.artifact_table(artifact);
  return status;
}

moert_status Invocation::openRuntime() {
  moert_hooks hooks = {};
  hooks.size = sizeof(hooks);
  const char *level = getenv("MOEC_LOG");
  if (level && (strcmp(level, "debug") == 0 || strcmp(level, "info") == 0))
    hooks.log = logToStderr;
  hooks.user = &profile_;
  if (!options_.profile.empty())
    hooks.trace = Profile::record;
  moert_runtime_options options = {};
  options.size = sizeof(options);
  options.threads = options_.threads;
  options.isa = options_.isa.empty() ? nullptr : options_.isa.c_str();
  options.hooks = &hooks;
  moert_runtime *runtime = nullptr;
  return keep(api_.runtime_create(&options, &runtime), runtime, runtime_);
}

moert_status Invocation::load() {
  MOERT_RETURN_IF_FAILED(openRuntime());
  MOERT_RETURN_IF_FAILED(openArtifact());
  if (!table_->num_weights)
    return success();
  moert_weights_options weightsOptions = {};
  weightsOptions.size = sizeof(weightsOptions);
  weightsOptions.path = options_.weights.empty() ? nullptr : options_.weights.c_str();
  weightsOptions.verify = options_.verifyWeights ? MOERT_VERIFY_FULL : MOERT_VERIFY_HEADER;
  moert_weights *weights = nullptr;
  return keep(api_.weights_open(artifact_.get(), &weightsOptions, &weights), weights, weights_);
}

/// The session checks this too; here the message can list the names that there are.
moert_status Invocation::checkBinds() const {
  std::set<std::string> known;
  auto add = [&](const auto *infos, uint32_t count) {
    for (uint32_t i = 0; i < count; ++i)
      for (int32_t axis = 0; infos[i].dim_names && axis < infos[i].rank; ++axis)
        if (infos[i].dim_names[axis])
          known.insert(infos[i].dim_names[axis]);
  };
  const moert_entry_info &entry = table_->entries[0];
  add(entry.inputs, entry.num_inputs);
  add(entry.outputs, entry.num_outputs);
  add(table_->states, table_->num_states);
  std::string names;
  for (const std::string &name : known)
    names += (names.empty() ? "" : ", ") + name;
  for (const auto &bind : options_.binds)
    if (!known.count(bind.first))
      return failure(MOERT_INVALID_ARGUMENT, "--bind: the model has no dimension named '%s'; %s%s",
                     bind.first.c_str(),
                     known.empty() ? "no size is open" : "there are: ", names.c_str());
  return success();
}

moert_status Invocation::prepare() {
  const moert_entry_info &entry = table_->entries[0];
  if (options_.steps && !table_->num_states)
    return failure(MOERT_INVALID_ARGUMENT, "--steps needs bound state, which this model was "
                                           "compiled without: see moec compile --state");
  if (options_.steps)
    MOERT_RETURN_IF_FAILED(Steps::make(entry, options_, steps_));
  MOERT_RETURN_IF_FAILED(
      collectInputs(entry, options_, options_.steps ? &steps_ : nullptr, inputs_));
  MOERT_RETURN_IF_FAILED(checkBinds());
  int32_t ranks;
  bool isRank;
  MOERT_RETURN_IF_FAILED(RankRunner::countRanks(*table_, options_, ranks));
  MOERT_RETURN_IF_FAILED(RankRunner::findOwnRank(ranks, isRank, rankLabel_));
  madeUp_ = inputs_.dims;
  return runner_.create(runtime_.get(), artifact_.get(), weights_.get(), options_, ranks, isRank,
                        std::move(inputs_), badInput_);
}

moert_status Invocation::runAll() {
  std::vector<double> milliseconds;
  for (int64_t i = 0; i < options_.repeat; ++i) {
    // Every repetition is the first step of its sequence.
    MOERT_RETURN_IF_FAILED(runner_.restart());
    int64_t begin = api_.now_ns(runtime_.get());
    MOERT_RETURN_IF_FAILED(runner_.run());
    milliseconds.push_back(double(api_.now_ns(runtime_.get()) - begin) * 1e-6);
  }
  if (options_.repeat > 1 && !options_.quiet) {
    std::sort(milliseconds.begin(), milliseconds.end());
    size_t half = milliseconds.size() / 2;
    double median = milliseconds.size() % 2 ? milliseconds[half]
                                            : (milliseconds[half - 1] + milliseconds[half]) / 2;
    fprintf(stderr, "%lld runs: min %.4g ms, median %.4g ms\n",
            static_cast<long long>(options_.repeat), milliseconds[0], median);
  }
  return success();
}

moert_status Invocation::print(const std::vector<int64_t> &tokens) const {
  if (options_.printsBytes) {
    if (tokens.size() != 1 || tokens[0] > 255)
      return failure(MOERT_INVALID_ARGUMENT, "--print bytes is for one sequence of ids below 256");
    putchar(int(tokens[0]));
  } else {
    for (size_t i = 0; i < tokens.size(); ++i)
      printf("%s%lld", i ? " " : "", static_cast<long long>(tokens[i]));
    putchar('\n');
  }
  return flushOutput(); // as it comes; nobody needs tokens that nobody reads
}

moert_status Invocation::runSteps() {
  std::vector<int64_t> tokens;
  int64_t begin = api_.now_ns(runtime_.get()), first = 0;
  for (int64_t step = 0; step < options_.steps; ++step) {
    MOERT_RETURN_IF_FAILED(runner_.run());
    MOERT_RETURN_IF_FAILED(runner_.advance(steps_, tokens));
    MOERT_RETURN_IF_FAILED(print(tokens));
    if (step == 0)
      first = api_.now_ns(runtime_.get());
  }
  double prompt = double(first - begin) * 1e-9;
  double others = double(api_.now_ns(runtime_.get()) - first) * 1e-9;
  if (options_.quiet)
    return success();
  fprintf(stderr, "first step: %.4g ms", prompt * 1e3);
  if (options_.steps > 1)
    fprintf(stderr, "; %lld steps: %.4g tokens/s", static_cast<long long>(options_.steps - 1),
            double(options_.steps - 1) * double(tokens.size()) / others);
  fputc('\n', stderr);
  return success();
}

moert_status Invocation::write() {
  const moert_entry_info &entry = table_->entries[0];
  std::vector<NamedTensor> outputs(entry.num_outputs);
  for (uint32_t i = 0; i < entry.num_outputs; ++i) {
    outputs[i].name = entry.outputs[i].name;
    MOERT_RETURN_IF_FAILED(runner_.fetch(i, outputs[i].tensor));
    // Where tokens are printed, outputs go to files only.
    if (!options_.quiet && !options_.steps)
      printf("%s\n", summarise(outputs[i].name, outputs[i].tensor).c_str());
  }
  if (!options_.outputArchive.empty())
    MOERT_RETURN_IF_FAILED(writeNpz(options_.outputArchive, outputs));
  if (!options_.outputDir.empty())
    MOERT_RETURN_IF_FAILED(writeFolder(options_.outputDir, outputs));
  if (options_.profile.empty())
    return success();
  MOERT_RETURN_IF_FAILED(runner_.collectTraffic(profile_));
  return profile_.write(options_.profile);
}

void Invocation::printVersion() const {
  printf("moert %s\n", api_.version());
  if (table_ && table_->producer)
    printf("model compiled by %s\n", printable(table_->producer).c_str());
}

void Invocation::printHelp() const {
  printf("%s", usage(program_, !table_).c_str());
  if (!table_ || checkArtifact(*table_).code != MOERT_OK)
    return;
  const moert_entry_info &entry = table_->entries[0];
  auto list = [](const char *title, const moert_value_info *infos, uint32_t count) {
    printf("\n%s:\n", title);
    for (uint32_t i = 0; i < count; ++i)
      printf(
          "  %s %s\n", printable(infos[i].name).c_str(),
          printable(
              describeType(infos[i].dtype, infos[i].rank, infos[i].sizes, infos[i].dim_names).text)
              .c_str());
  };
  list("inputs", entry.inputs, entry.num_inputs);
  list("outputs", entry.outputs, entry.num_outputs);
}

/// Without weights, which may be elsewhere.
int Invocation::describe() {
  moert_status status = openRuntime();
  if (status.code == MOERT_OK)
    status = openArtifact();
  if (status.code != MOERT_OK)
    return finish(status);
  const std::string text =
      options_.describe == "json" ? describeJson(*table_) : describeText(*table_);
  fputs(text.c_str(), stdout);
  status = flushOutput();
  return finish(status, status.code == MOERT_OK ? 0 : 5);
}

/// Inputs that were made up need not fit each other, as a mask that is to cover a cache and tokens.
void Invocation::explainMadeUp() const {
  std::string sizes;
  for (const auto &[name, size] : madeUp_)
    sizes += (sizes.empty() ? "" : ", ") + printable(name) + "=" + std::to_string(size);
  fprintf(
      stderr,
      "%s: note: inputs were made up by --random%s%s; --bind gives other sizes, --input values\n",
      program_.c_str(), sizes.empty() ? "" : " with ", sizes.c_str());
}

int Invocation::finish(const moert_status &status, int exitCode) {
  if (status.code != MOERT_OK)
    fprintf(stderr, "%s: error: %s%s\n", program_.c_str(), rankLabel_.c_str(),
            printable(status.message, 4096).c_str());
  return exitCode;
}

int Invocation::run(int argc, char **argv) {
  moert_status status = parseOptions(argc, argv, !table_, options_);
  if (status.code != MOERT_OK)
    return finish(status);
  if (options_.version || options_.help) {
    options_.version ? printVersion() : printHelp();
    status = flushOutput();
    return finish(status, status.code == MOERT_OK ? 0 : 5);
  }
  if (!options_.describe.empty())
    return describe();
  status = load();
  if (status.code == MOERT_OK)
    status = prepare();
  if (status.code != MOERT_OK)
    return finish(status, badInput_ ? 3 : exitCodeOf(status.code));
  status = options_.steps ? runSteps() : runAll();
  // Input files have been read by now; what is written to is a resource.
  auto exitCodeNow = [&] { return status.code == MOERT_IO ? 5 : exitCodeOf(status.code); };
  if (status.code != MOERT_OK) {
    int exitCode = finish(status, exitCodeNow());
    if (status.code == MOERT_INVALID_ARGUMENT && options_.random)
      explainMadeUp();
    return exitCode;
  }
  status = write();
  if (status.code == MOERT_OK)
    status = flushOutput();
  return finish(status, exitCodeNow());
}

} // namespace

} // namespace moert::cli

int moert_main(const struct moert_artifact_v1 *artifact, int argc, char **argv) {
  moert::cli::prepareProcess();
  const char *name = argc > 0 && argv[0] ? argv[0] : "model";
  const char *slash = strrchr(name, '/');
  struct Program {
    const moert_artifact_v1 *artifact;
    const char *name;
    int argc;
    char **argv;
  } program = {artifact, slash ? slash + 1 : name, argc, argv};
  return moert::cli::runWithStack(
      program.name,
      [](void *raw) {
        auto *program = static_cast<Program *>(raw);
        return moert::cli::Invocation(program->artifact, program->name)
            .run(program->argc, program->argv);
      },
      &program);
}
