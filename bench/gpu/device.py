# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the machine's GPU is, by the driver and nvidia-smi, and the least time that work can take on it."""
import ctypes
import subprocess

# Attributes of cuDeviceGetAttribute.
CLOCK_KHZ, MULTIPROCESSORS, MEMORY_CLOCK_KHZ, BUS_BITS, L2_BYTES, MAJOR, MINOR = 13, 16, 36, 37, 38, 75, 76
# Multiply-adds of dense bf16 with sums in f32, per clock and multiprocessor: NVIDIA's architecture white papers (A100,
# H100, Blackwell). Chips that are not here have no roof for products.
MULTIPLY_ADDS = {80: 1024, 90: 2048, 100: 4096}


class NoDevice(Exception):
    pass


def describe(device):
    """Facts about "cuda", "cuda:N" or "virtual" as a dictionary. Raises NoDevice, in one line."""
    if device.startswith("virtual"):
        return {"name": "virtual GPU"}
    number = int(device.partition(":")[2] or 0)
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError as error:
        raise NoDevice("no CUDA driver: %s" % error)
    result = driver.cuInit(0)
    count, handle, version = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    if result or driver.cuDeviceGetCount(ctypes.byref(count)) or count.value <= number:
        raise NoDevice("the CUDA driver has no device %d (cuInit: %d, devices: %d)" % (number, result, count.value))
    driver.cuDeviceGet(ctypes.byref(handle), number)
    driver.cuDriverGetVersion(ctypes.byref(version))
    name, memory = ctypes.create_string_buffer(256), ctypes.c_size_t()
    driver.cuDeviceGetName(name, 256, handle)
    driver.cuDeviceTotalMem_v2(ctypes.byref(memory), handle)

    def attribute(which):
        value = ctypes.c_int()
        return value.value if not driver.cuDeviceGetAttribute(ctypes.byref(value), which, handle) else 0

    facts = {"name": name.value.decode(), "capability": attribute(MAJOR) * 10 + attribute(MINOR),
             "multiprocessors": attribute(MULTIPROCESSORS),
             "clock_mhz": attribute(CLOCK_KHZ) // 1000, "memory_clock_mhz": attribute(MEMORY_CLOCK_KHZ) // 1000,
             "bus_bits": attribute(BUS_BITS), "l2_bytes": attribute(L2_BYTES), "memory_bytes": memory.value}
    facts["driver_cuda"] = "%d.%d" % (version.value // 1000, version.value % 1000 // 10)
    facts.update(asked(number))
    return facts


def asked(number):
    """What nvidia-smi says beyond that, if it is there."""
    fields = ["driver_version", "clocks.sm", "clocks.max.sm", "clocks.mem", "power.limit", "temperature.gpu",
              "utilization.gpu"]
    try:
        done = subprocess.run(["nvidia-smi", "--id=%d" % number, "--query-gpu=" + ",".join(fields),
                               "--format=csv,noheader,nounits"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return {}
    values = [value.strip() for value in done.stdout.strip().split(",")]
    return {"smi." + name: value for name, value in zip(fields, values)} if len(values) == len(fields) else {}


def roof_us(facts, moved, operations):
    """(microseconds that bytes and operations take at least, which of the two); (None, None) where that is not known."""
    # Data come at both edges of the memory's clock.
    bandwidth = 2 * facts.get("memory_clock_mhz", 0) * 1e6 * facts.get("bus_bits", 0) / 8
    rate = MULTIPLY_ADDS.get(facts.get("capability"), 0)
    peak = 2 * rate * facts.get("multiprocessors", 0) * facts.get("clock_mhz", 0) * 1e6
    if not bandwidth or not peak:
        return None, None
    by_bytes, by_products = moved / bandwidth * 1e6, operations / peak * 1e6
    return max(by_bytes, by_products), "bytes" if by_bytes >= by_products else "products"
