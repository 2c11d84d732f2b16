# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""As much of libmoert as the bench needs, by ctypes."""
import ctypes
import os
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_int32, c_int64, c_uint32, c_uint64, c_void_p

import numpy as np

DTYPES = {np.dtype(np.float32): 1, np.dtype(np.int32): 6, np.dtype(np.int64): 7}
NUMPY = {number: dtype for dtype, number in DTYPES.items()}


class Status(Structure):
    _fields_ = [("code", c_int32), ("os_error", c_int32), ("message", c_char * 504)]


class RuntimeOptions(Structure):
    _fields_ = [("size", c_uint64), ("threads", c_int32), ("reserved", c_int32), ("isa", c_char_p),
                ("hooks", c_void_p)]


class RuntimeInfo(Structure):
    _fields_ = [("size", c_uint64), ("threads", c_int32), ("isa", c_int32)]


class Tensor(Structure):
    _fields_ = [("size", c_uint64), ("data", c_void_p), ("bytes", c_int64), ("dtype", c_int32), ("rank", c_int32),
                ("sizes", POINTER(c_int64))]


def function(result, *arguments):
    return CFUNCTYPE(result, *arguments)


UNUSED = c_void_p


class Api(Structure):
    """moert_api of moert.h: functions that are not called here are plain pointers."""
    _fields_ = [
        ("size", c_uint64), ("version", UNUSED), ("code_name", UNUSED), ("dtype_name", UNUSED),
        ("isa_name", function(c_char_p, c_int32)),
        ("runtime_create", function(Status, POINTER(RuntimeOptions), POINTER(c_void_p))),
        ("runtime_release", function(None, c_void_p)),
        ("runtime_info", function(Status, c_void_p, POINTER(RuntimeInfo))),
        ("now_ns", UNUSED),
        ("artifact_open", function(Status, c_void_p, c_char_p, POINTER(c_void_p))),
        ("artifact_from_table", UNUSED),
        ("artifact_release", function(None, c_void_p)),
        ("artifact_table", UNUSED),
        ("weights_open", function(Status, c_void_p, c_void_p, POINTER(c_void_p))),
        ("weights_release", function(None, c_void_p)),
        ("session_create", function(Status, c_void_p, c_void_p, c_void_p, POINTER(c_void_p))),
        ("session_release", function(None, c_void_p)),
        ("session_stats", UNUSED), ("session_trim", UNUSED), ("session_state_length", UNUSED),
        ("session_truncate_state", UNUSED),
        ("request_create", function(Status, c_void_p, c_char_p, POINTER(c_void_p))),
        ("request_release", function(None, c_void_p)),
        ("request_set_input", function(Status, c_void_p, c_char_p, POINTER(Tensor))),
        ("request_set_output", UNUSED), ("request_set_deadline", UNUSED),
        ("request_run", function(Status, c_void_p)),
        ("request_output", function(Status, c_void_p, c_char_p, POINTER(Tensor))),
    ]


def check(status):
    if status.code:
        raise RuntimeError(status.message.decode())


class Model:
    """One request of a shared object that moec made, and all it needs."""

    def __init__(self, library, path, threads):
        get_api = ctypes.CDLL(library).moert_get_api
        get_api.restype, get_api.argtypes = POINTER(Api), [c_uint32]
        self.api = get_api(1).contents
        self.handles = []
        options = RuntimeOptions(size=ctypes.sizeof(RuntimeOptions), threads=threads)
        runtime = self.make("runtime", self.api.runtime_create, byref(options))
        info = RuntimeInfo(size=ctypes.sizeof(RuntimeInfo))
        check(self.api.runtime_info(runtime, byref(info)))
        self.isa = self.api.isa_name(info.isa).decode()
        artifact = self.make("artifact", self.api.artifact_open, runtime, path.encode())
        weights = None
        if os.path.exists(path + ".weights"):  # a model may have none
            weights = self.make("weights", self.api.weights_open, artifact, None)
        session = self.make("session", self.api.session_create, artifact, weights, None)
        self.request = self.make("request", self.api.request_create, session, None)
        self.inputs = {}

    def make(self, kind, create, *arguments):
        handle = c_void_p()
        check(create(*arguments, byref(handle)))
        self.handles.append((kind, handle))
        return handle

    def close(self):
        for kind, handle in reversed(self.handles):
            getattr(self.api, kind + "_release")(handle)
        self.handles = []

    def set_inputs(self, arrays):
        for name, array in arrays.items():
            sizes = (c_int64 * array.ndim)(*array.shape)
            tensor = Tensor(ctypes.sizeof(Tensor), array.ctypes.data, array.nbytes, DTYPES[array.dtype], array.ndim,
                            sizes)
            self.inputs[name] = array  # the request borrows it
            check(self.api.request_set_input(self.request, name.encode(), byref(tensor)))

    def run(self):
        check(self.api.request_run(self.request))

    def output(self, name):
        """A copy of an output of the last run."""
        tensor = Tensor(size=ctypes.sizeof(Tensor))
        check(self.api.request_output(self.request, name.encode(), byref(tensor)))
        shape = [tensor.sizes[axis] for axis in range(tensor.rank)]
        data = ctypes.string_at(tensor.data, tensor.bytes)
        return np.frombuffer(data, NUMPY[tensor.dtype]).reshape(shape)
