# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""libmoert by ctypes, as far as tests of compiled models need it; moert.h and abi.h tell what everything means.

A tensor here is (dtype, shape, data): dtype a number of moert_dtype, data bytes.
"""
import ctypes
from collections import namedtuple
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_int32, c_int64, c_uint32, c_uint64,
                    c_void_p)

Tensor = namedtuple("Tensor", "dtype shape data")
Value = namedtuple("Value", "name dtype sizes dims")  # sizes: -1 is dynamic; dims: names or None
F32, I32, I64, F16, BF16 = 1, 6, 7, 10, 16
ELEMENT_BYTES = {F32: 4, I32: 4, I64: 8, F16: 2, BF16: 2}


class Error(Exception):
    pass


class Status(Structure):
    _fields_ = [("code", c_int32), ("os_error", c_int32), ("message", c_char * 504)]


class RuntimeOptions(Structure):
    _fields_ = [("size", c_uint64), ("threads", c_int32), ("reserved", c_int32), ("isa", c_char_p), ("hooks", c_void_p)]


class DimBinding(Structure):
    _fields_ = [("name", c_char_p), ("size", c_int64)]


class SessionOptions(Structure):
    _fields_ = [("size", c_uint64), ("state_capacity", c_int64), ("dims", POINTER(DimBinding)), ("num_dims", c_uint64),
                ("max_pool_bytes", c_int64), ("group", c_void_p), ("device", c_char_p),
                ("times_device", c_int32), ("reserved", c_int32)]


class SessionStats(Structure):
    _fields_ = [("size", c_uint64)] + [(name, c_int64) for name in (
        "runs", "failed_runs", "contexts", "pool_bytes", "pool_peak_bytes", "state_bytes", "device_ns")]


class TensorStruct(Structure):
    _fields_ = [("size", c_uint64), ("data", c_void_p), ("bytes", c_int64), ("dtype", c_int32), ("rank", c_int32),
                ("sizes", POINTER(c_int64))]


class ValueInfo(Structure):
    _fields_ = [("name", c_char_p), ("dtype", c_int32), ("rank", c_int32), ("sizes", POINTER(c_int64)),
                ("dim_names", POINTER(c_char_p))]


class StateInfo(Structure):
    _fields_ = ValueInfo._fields_ + [("axis", c_int32), ("granule", c_int32), ("capacity", c_int64)]


class EntryInfo(Structure):
    _fields_ = [("name", c_char_p), ("fn", c_void_p), ("num_inputs", c_uint32), ("num_outputs", c_uint32),
                ("inputs", POINTER(ValueInfo)), ("outputs", POINTER(ValueInfo))]


class Artifact(Structure):
    _fields_ = [("abi_version", c_uint32), ("struct_size", c_uint32), ("build_id", c_char * 16),
                ("producer", c_char_p), ("num_entries", c_uint32), ("num_weights", c_uint32),
                ("num_states", c_uint32), ("num_kernels", c_uint32), ("entries", POINTER(EntryInfo)),
                ("weights", c_void_p), ("states", POINTER(StateInfo)), ("kernels", c_void_p), ("metadata", c_char_p)]


def _status(*arguments):
    return CFUNCTYPE(Status, *arguments)


_RELEASE = CFUNCTYPE(None, c_void_p)
_HANDLE = POINTER(c_void_p)


class Api(Structure):
    """moert_api; functions that nothing here calls are plain pointers."""
    _fields_ = [
        ("size", c_uint64), ("version", c_void_p), ("code_name", c_void_p), ("dtype_name", c_void_p),
        ("isa_name", c_void_p),
        ("runtime_create", _status(POINTER(RuntimeOptions), _HANDLE)), ("runtime_release", _RELEASE),
        ("runtime_info", c_void_p), ("now_ns", c_void_p),
        ("artifact_open", _status(c_void_p, c_char_p, _HANDLE)), ("artifact_from_table", c_void_p),
        ("artifact_release", _RELEASE), ("artifact_table", CFUNCTYPE(POINTER(Artifact), c_void_p)),
        ("weights_open", _status(c_void_p, c_void_p, _HANDLE)), ("weights_release", _RELEASE),
        ("session_create", _status(c_void_p, c_void_p, POINTER(SessionOptions), _HANDLE)),
        ("session_release", _RELEASE), ("session_stats", _status(c_void_p, POINTER(SessionStats))),
        ("session_trim", c_void_p),
        ("session_state_length", c_void_p), ("session_truncate_state", _status(c_void_p, c_char_p, c_int64)),
        ("request_create", _status(c_void_p, c_char_p, _HANDLE)), ("request_release", _RELEASE),
        ("request_set_input", _status(c_void_p, c_char_p, POINTER(TensorStruct))),
        ("request_set_output", c_void_p), ("request_set_deadline", c_void_p),
        ("request_run", _status(c_void_p)),
        ("request_output", _status(c_void_p, c_char_p, POINTER(TensorStruct))), ("request_cancel", c_void_p),
        ("request_reset", c_void_p), ("group_create_local", c_void_p), ("group_release", _RELEASE),
        ("group_info", c_void_p), ("group_abort", c_void_p), ("group_traffic", c_void_p),
        ("session_set_group", c_void_p), ("group_create_from_env", _status(c_void_p, c_void_p, _HANDLE)),
    ]


def load(library):
    get_api = ctypes.CDLL(library).moert_get_api
    get_api.restype, get_api.argtypes = POINTER(Api), [c_uint32]
    api = get_api(1)
    if not api:
        raise Error("%s: not this version of libmoert" % library)
    return api.contents


def _check(status):
    if status.code:
        raise Error(status.message.decode())


def _values(infos, count):
    return [Value(info.name.decode(), info.dtype, list(info.sizes[:info.rank]),
                  [name.decode() if name else None for name in info.dim_names[:info.rank]]
                  if info.dim_names else [None] * info.rank)
            for info in infos[:count]]


class Model:
    """One request of a shared object that moec made, and all it needs. `dims` binds sizes of bound states; with
    `is_rank` this process is the rank of a group that its environment says; `device` is that of the session, timed with
    `times_device`."""

    def __init__(self, api, path, threads, isa, dims=None, is_rank=False, device=None,
                 times_device=False):
        self.api, self.handles = api, []
        options = RuntimeOptions(size=ctypes.sizeof(RuntimeOptions), threads=threads, isa=isa and isa.encode())
        runtime = self._make("runtime", byref(options))
        artifact = self._make("artifact", runtime, path.encode(), how="open")
        table = api.artifact_table(artifact).contents
        self.inputs = _values(table.entries[0].inputs, table.entries[0].num_inputs)
        self.outputs = _values(table.entries[0].outputs, table.entries[0].num_outputs)
        self.states = table.num_states
        weights = self._make("weights", artifact, None, how="open") if table.num_weights else None
        # Sizes that only the session knows: all that is dynamic in a state but the axis it grows along.
        names = {state.dim_names[axis] for state in table.states[:table.num_states] for axis in range(state.rank)
                 if axis != state.axis and state.sizes[axis] == -1}
        bound = (DimBinding * len(names))(*[DimBinding(name, (dims or {})[name.decode()]) for name in sorted(names)])
        group = self._make("group", runtime, None, how="create_from_env") if is_rank else None
        options = SessionOptions(size=ctypes.sizeof(SessionOptions), dims=bound, num_dims=len(names), group=group,
                                 device=device and device.encode(), times_device=times_device)
        self.session = self._make("session", artifact, weights, byref(options))
        self.request = self._make("request", self.session, None)

    def _make(self, kind, *arguments, how="create"):
        handle = c_void_p()
        _check(getattr(self.api, kind + "_" + how)(*arguments, byref(handle)))
        self.handles.append((kind, handle))
        return handle

    def close(self):
        for kind, handle in reversed(self.handles):
            getattr(self.api, kind + "_release")(handle)
        self.handles = []

    def forget(self):
        """Begins a new sequence."""
        _check(self.api.session_truncate_state(self.session, None, 0))

    def set_inputs(self, inputs):
        """Of all runs until others are set; `inputs` is a tensor by name."""
        self.borrowed = []
        for name, tensor in inputs.items():
            data = ctypes.create_string_buffer(tensor.data, max(1, len(tensor.data)))
            sizes = (c_int64 * len(tensor.shape))(*tensor.shape)
            self.borrowed.append(data)
            _check(self.api.request_set_input(self.request, name.encode(), byref(TensorStruct(
                ctypes.sizeof(TensorStruct), ctypes.cast(data, c_void_p), len(tensor.data), tensor.dtype,
                len(tensor.shape), sizes))))

    def run_again(self):
        """Nanoseconds on the device of a session that is timed."""
        _check(self.api.request_run(self.request))
        stats = SessionStats(size=ctypes.sizeof(SessionStats))
        _check(self.api.session_stats(self.session, byref(stats)))
        return stats.device_ns

    def run(self, inputs):
        """The outputs, by name; `inputs` is a tensor by name."""
        self.set_inputs(inputs)
        _check(self.api.request_run(self.request))
        return self.outputs_of_run()

    def outputs_of_run(self):
        outputs = {}
        for value in self.outputs:
            out = TensorStruct(size=ctypes.sizeof(TensorStruct))
            _check(self.api.request_output(self.request, value.name.encode(), byref(out)))
            outputs[value.name] = Tensor(out.dtype, list(out.sizes[:out.rank]), ctypes.string_at(out.data, out.bytes))
        return outputs
