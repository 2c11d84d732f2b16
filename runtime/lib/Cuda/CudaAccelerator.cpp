// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Devices of a CUDA driver, real or virtual, for sessions.
#include "lib/Core/Accelerator.h"
#include "lib/Cuda/Module.h"

#include <cstdlib>
#include <cstring>

namespace moert::cuda {

namespace {

void *toPointer(DeviceAddress address) { return reinterpret_cast<void *>(address); }
DeviceAddress toAddress(const void *pointer) { return reinterpret_cast<DeviceAddress>(pointer); }

class CudaAccelerator;

class CudaRun final : public AcceleratorRun {
public:
  CudaRun(CudaAccelerator &owner, std::unique_ptr<Stream> stream)
      : owner_(owner), stream_(std::move(stream)) {}
  ~CudaRun() override;

  moert_status allocate(int64_t bytes, void *&memory) override;
  moert_status release(void *memory) override;
  moert_status counter(void *&memory) override;
  moert_status upload(void *to, const void *from, int64_t bytes) override {
    return stream_->upload(toAddress(to), from, size_t(bytes));
  }
  moert_status download(void *to, const void *from, int64_t bytes) override {
    return stream_->download(to, toAddress(from), size_t(bytes));
  }
  moert_status launch(uint32_t kernel, const uint32_t grid[3], const uint32_t block[3],
                      uint32_t sharedBytes, const void *record, int64_t recordBytes) override;
  moert_status mark(bool isEnd) override;
  moert_status elapsed(int64_t &nanoseconds) override;
  moert_status finish() override { return stream_->synchronize(); }
  void end() override;

private:
  CudaAccelerator &owner_;
  const std::unique_ptr<Stream> stream_;
  std::vector<DeviceAddress> live_;
  DeviceAddress counter_ = 0;
  std::vector<void *> parameters_;
  std::unique_ptr<Event> begin_, end_; // made when a run is timed
};

/// A kernel, found when it is first launched, with the shared memory that it may have.
struct Kernel {
  FunctionHandle function = nullptr;
  int mostSharedBytes = -1;
};

class CudaMemory final : public DeviceMemory {
public:
  static moert_status open(const Driver &driver, int index, std::unique_ptr<CudaMemory> &memory);
  ~CudaMemory() override;

  moert_status keep(const void *data, int64_t bytes, int64_t room, void *&memory) override;
  Device &device() { return *device_; }

private:
  // In the order in which they are made.
  std::unique_ptr<Device> device_;
  std::unique_ptr<Stream> stream_;
  std::mutex mutex_;
  std::vector<DeviceAddress> kept_; // guarded by mutex_
};

class CudaAccelerator final : public Accelerator {
public:
  explicit CudaAccelerator(const moert_device_code &code) : code_(code) {}

  moert_status open(const Driver &driver, int index);
  moert_status makeRun(std::unique_ptr<AcceleratorRun> &run) override;
  DeviceMemory &memory() override { return *memory_; }
  moert_status makeMemory(std::unique_ptr<DeviceMemory> &memory) override;
  const char *identity() const override { return identity_.c_str(); }
  moert_status constant(const void *data, int64_t bytes, const void *&memory) override;

  moert_status findKernel(uint32_t number, uint32_t sharedBytes, FunctionHandle &function);
  const moert_device_code &code() const { return code_; }
  Device &device() { return memory_->device(); }

private:
  const moert_device_code &code_;
  std::string identity_;
  // In the order in which they are made.
  std::unique_ptr<CudaMemory> memory_;
  std::unique_ptr<Module> module_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<Kernel> kernels_;
  std::map<std::pair<const void *, int64_t>, DeviceAddress> constants_;
};

moert_status CudaRun::allocate(int64_t bytes, void *&memory) {
  if (bytes < 0)
    return failure(MOERT_OUT_OF_MEMORY, "no device has %lld bytes of memory",
                   static_cast<long long>(bytes));
  DeviceAddress address = 0;
  MOERT_RETURN_IF_FAILED(
      owner_.device().allocate(size_t(bytes ? bytes : 1), stream_->handle(), address));
  live_.push_back(address);
  memory = toPointer(address);
  return success();
}

moert_status CudaRun::release(void *memory) {
  for (size_t i = live_.size(); i-- > 0;)
    if (live_[i] == toAddress(memory)) {
      live_.erase(live_.begin() + ptrdiff_t(i));
      owner_.device().release(toAddress(memory));
      return success();
    }
  return failure(MOERT_INTERNAL, "compiled code releases device memory that is not in use");
}

CudaRun::~CudaRun() {
  end();
  if (counter_)
    owner_.device().release(counter_);
}

moert_status CudaRun::counter(void *&memory) {
  if (!counter_) {
    DeviceAddress address = 0;
    MOERT_RETURN_IF_FAILED(owner_.device().allocate(sizeof(uint32_t), stream_->handle(), address));
    const moert_status status = stream_->fill(address, 0, sizeof(uint32_t));
    if (status.code != MOERT_OK) {
      owner_.device().release(address);
      return status;
    }
    counter_ = address;
  }
  memory = toPointer(counter_);
  return success();
}

moert_status CudaRun::launch(uint32_t kernel, const uint32_t grid[3], const uint32_t block[3],
                             uint32_t sharedBytes, const void *record, int64_t recordBytes) {
  FunctionHandle function = nullptr;
  MOERT_RETURN_IF_FAILED(owner_.findKernel(kernel, sharedBytes, function));
  const moert_device_kernel_info &info = owner_.code().kernels[kernel];
  parameters_.clear();
  const char *bytes = static_cast<const char *>(record);
  uint64_t at = 0;
  for (uint32_t i = 0; i < info.num_parameters; ++i) {
    const uint64_t size = info.parameter_bytes[i];
    at = (at + size - 1) / size * size;
    parameters_.push_back(const_cast<char *>(bytes + at));
    at += size;
  }
  if (int64_t(at) > recordBytes)
    return failure(MOERT_INTERNAL, "compiled code launches '%.200s' with %lld bytes of %lld",
                   info.name, static_cast<long long>(recordBytes), static_cast<long long>(at));
  LaunchShape shape;
  shape.blocks = {grid[0], grid[1], grid[2]};
  shape.threads = {block[0], block[1], block[2]};
  shape.sharedBytes = sharedBytes;
  return cuda::launch(*stream_, function, shape, parameters_.data());
}

moert_status CudaRun::mark(bool isEnd) {
  std::unique_ptr<Event> &event = isEnd ? end_ : begin_;
  if (!event)
    MOERT_RETURN_IF_FAILED(Event::make(owner_.device(), event, /*isTimed=*/true));
  return stream_->record(*event);
}

moert_status CudaRun::elapsed(int64_t &nanoseconds) {
  if (!begin_ || !end_)
    return failure(MOERT_INTERNAL, "a run's time is asked for without its begin and end");
  float milliseconds = 0;
  MOERT_RETURN_IF_FAILED(end_->elapsedSince(*begin_, milliseconds));
  nanoseconds = int64_t(double(milliseconds) * 1e6);
  return success();
}

void CudaRun::end() {
  for (DeviceAddress address : live_)
    owner_.device().release(address);
  live_.clear();
}

moert_status CudaMemory::open(const Driver &driver, int index,
                              std::unique_ptr<CudaMemory> &memory) {
  auto made = std::make_unique<CudaMemory>();
  MOERT_RETURN_IF_FAILED(Device::open(driver, index, made->device_));
  MOERT_RETURN_IF_FAILED(Stream::make(*made->device_, made->stream_));
  memory = std::move(made);
  return success();
}

CudaMemory::~CudaMemory() {
  if (stream_)
    stream_->synchronize();
  for (DeviceAddress address : kept_)
    device_->release(address);
}

moert_status CudaMemory::keep(const void *data, int64_t bytes, int64_t room, void *&memory) {
  DeviceAddress address = 0;
  MOERT_RETURN_IF_FAILED(
      device_->allocate(size_t(room > 0 ? room : 1), stream_->handle(), address));
  {
    std::lock_guard<std::mutex> lock(mutex_);
    kept_.push_back(address);
  }
  if (bytes)
    MOERT_RETURN_IF_FAILED(stream_->upload(address, data, size_t(bytes)));
  if (!data && room > 0)
    MOERT_RETURN_IF_FAILED(stream_->fill(address, 0, size_t(room)));
  // Runs have streams of their own.
  MOERT_RETURN_IF_FAILED(stream_->synchronize());
  memory = toPointer(address);
  return success();
}

moert_status CudaAccelerator::open(const Driver &driver, int index) {
  identity_ = (driver.isVirtual() ? "virtual:" : "cuda:") + std::to_string(index);
  MOERT_RETURN_IF_FAILED(CudaMemory::open(driver, index, memory_));
  // Machine code saves the driver's assembler its time, on the chip that it is for.
  if (code_.cubin && Module::load(device(), code_.cubin, module_).code != MOERT_OK)
    module_.reset();
  if (!module_)
    MOERT_RETURN_IF_FAILED(Module::load(device(), code_.ptx, module_));
  kernels_.resize(code_.num_kernels);
  return success();
}

moert_status CudaAccelerator::makeRun(std::unique_ptr<AcceleratorRun> &run) {
  std::unique_ptr<Stream> stream;
  MOERT_RETURN_IF_FAILED(Stream::make(device(), stream));
  run = std::make_unique<CudaRun>(*this, std::move(stream));
  return success();
}

moert_status CudaAccelerator::makeMemory(std::unique_ptr<DeviceMemory> &memory) {
  std::unique_ptr<CudaMemory> made;
  MOERT_RETURN_IF_FAILED(CudaMemory::open(device().driver(), device().index(), made));
  memory = std::move(made);
  return success();
}

moert_status CudaAccelerator::constant(const void *data, int64_t bytes, const void *&memory) {
  std::unique_lock<std::mutex> lock(mutex_);
  auto known = constants_.find({data, bytes});
  if (known != constants_.end()) {
    memory = toPointer(known->second);
    return success();
  }
  lock.unlock();
  // Two runs may both do it at first; either copy serves.
  void *made = nullptr;
  MOERT_RETURN_IF_FAILED(memory_->keep(data, bytes, bytes, made));
  lock.lock();
  constants_[{data, bytes}] = toAddress(made);
  memory = made;
  return success();
}

moert_status CudaAccelerator::findKernel(uint32_t number, uint32_t sharedBytes,
                                         FunctionHandle &function) {
  if (number >= code_.num_kernels || sharedBytes > INT32_MAX)
    return failure(MOERT_INTERNAL, "compiled code asks for device kernel %u of %u", number,
                   code_.num_kernels);
  std::lock_guard<std::mutex> lock(mutex_);
  Kernel &kernel = kernels_[number];
  if (int(sharedBytes) > kernel.mostSharedBytes) {
    MOERT_RETURN_IF_FAILED(
        module_->find(code_.kernels[number].name, int(sharedBytes), kernel.function));
    kernel.mostSharedBytes = int(sharedBytes);
  }
  function = kernel.function;
  return success();
}

/// "NAME" or "NAME:number", the number being at least `least`.
bool readDevice(const char *text, const char *name, long least, long &number) {
  const size_t length = strlen(name);
  if (strncmp(text, name, length) != 0)
    return false;
  if (text[length] == '\0')
    return true;
  if (text[length] != ':' || text[length + 1] < '0' || text[length + 1] > '9')
    return false;
  char *end;
  number = strtol(text + length + 1, &end, 10);
  return *end == '\0' && number >= least && number <= INT16_MAX;
}

} // namespace

} // namespace moert::cuda

moert_status moert::openAccelerator(const char *device, int32_t rank, const moert_device_code &code,
                                    std::unique_ptr<Accelerator> &accelerator) {
  cuda::Driver driver;
  long index = -1, count = 0;
  if (cuda::readDevice(device, "cuda", 0, index)) {
    MOERT_RETURN_IF_FAILED(cuda::openCuda(driver));
  } else if (cuda::readDevice(device, "virtual", 1, count)) {
    cuda::VirtualOptions options;
    options.devices = uint32_t(count);
    MOERT_RETURN_IF_FAILED(cuda::openVirtual(options, driver));
  } else {
    return failure(MOERT_INVALID_ARGUMENT,
                   "no device '%.200s'; there are cuda, cuda:NUMBER, virtual and virtual:COUNT",
                   device);
  }
  if (index < 0) {
    int devices = 0;
    if (cuda::Result result = driver.table.cuDeviceGetCount(&devices);
        result != cuda::Result::Success)
      return driver.failed("cannot count devices", result, 0);
    index = devices > 0 ? rank % devices : 0;
  }
  auto made = std::make_unique<cuda::CudaAccelerator>(code);
  MOERT_RETURN_IF_FAILED(made->open(driver, int(index)));
  accelerator = std::move(made);
  return success();
}
