// RUN: moe-opt %s | moe-opt | FileCheck %s
// RUN: moe-opt %s --mlir-print-op-generic | moe-opt | FileCheck %s

module attributes {rt.metadata = "{\"model\": \"t\"}"} {

// CHECK: rt.weight @w : tensor<8x192x64xf32> = #rt.file<"w.bin", 4096, tensor<8x192x64xf32>>
rt.weight @w : tensor<8x192x64xf32> = #rt.file<"w.bin", 4096, tensor<8x192x64xf32>>
// CHECK: rt.weight @t : tensor<8x64x192xbf16> = #rt.cast<#rt.transpose<#rt.file<"w.bin", 0, tensor<8x192x64xf32>>, [0, 2, 1]>, bf16>
rt.weight @t : tensor<8x64x192xbf16> = #rt.cast<#rt.transpose<#rt.file<"w.bin", 0, tensor<8x192x64xf32>>, [0, 2, 1]>, bf16>
// CHECK: rt.weight @s : tensor<2x4xf32> = #rt.stack<[dense<1.000000e+00> : tensor<4xf32>, #rt.reshape<#rt.slice<#rt.file<"b", 0, tensor<2x9xf32>>, [1, 2], [1, 4]>, [4]>]>
rt.weight @s : tensor<2x4xf32> = #rt.stack<[dense<1.0> : tensor<4xf32>,
  #rt.reshape<#rt.slice<#rt.file<"b", 0, tensor<2x9xf32>>, [1, 2], [1, 4]>, [4]>]>
// CHECK: rt.weight @c : tensor<3x4xf32> = #rt.concat<0, [#rt.file<"a", 0, tensor<1x4xf32>>, #rt.file<"a", 16, tensor<2x4xf32>>]>
rt.weight @c : tensor<3x4xf32> = #rt.concat<0, [#rt.file<"a", 0, tensor<1x4xf32>>, #rt.file<"a", 16, tensor<2x4xf32>>]>
// CHECK: rt.weight @p : !llvm.ptr = #rt.pack<#rt.file<"w.bin", 4096, tensor<8x192x64xf32>>, 2>
rt.weight @p : !llvm.ptr = #rt.pack<#rt.file<"w.bin", 4096, tensor<8x192x64xf32>>, 2>
// CHECK: rt.state @keys : tensor<?x8x?x64xf32> {axis = 2 : i64, capacity = 4096 : i64, dimNames = ["batch", "", "past", ""], granule = 16 : i64}
rt.state @keys : tensor<?x8x?x64xf32> {axis = 2, capacity = 4096, granule = 16, dimNames = ["batch", "", "past", ""]}

// CHECK: rt.kernel @k {avx2 = @k_avx2, v2 = @k_v2}
rt.kernel @k {v2 = @k_v2, avx2 = @k_avx2}
func.func private @k_v2(%begin: index, %end: index, %x: memref<?x64xf32>, %f: f32) attributes {rt.kernel} {
  return
}
func.func private @k_avx2(%begin: index, %end: index, %x: memref<?x64xf32>, %f: f32) attributes {rt.kernel} {
  return
}
func.func private @nothing(%begin: index, %end: index) attributes {rt.kernel} {
  return
}

gpu.module @device {
  gpu.func @d(%x: memref<f32>, %n: index) kernel {
    gpu.return
  }
  llvm.func @lowered() attributes {nvvm.kernel} {
    llvm.return
  }
}

// CHECK-LABEL: func.func @main
// CHECK-SAME: rt.dim_names = ["rows", ""], rt.name = "x"
// CHECK-SAME: rt.outputs = [#rt.value<"y", tensor<?x64xf32> dims["rows", ""]>, #rt.value<"z", tensor<i8> dtype "u8">]
func.func @main(%x: memref<?x64xf32> {rt.name = "x", rt.dim_names = ["rows", ""]})
    attributes {rt.entry, rt.outputs = [#rt.value<"y", tensor<?x64xf32> dims["rows", ""]>,
                                        #rt.value<"z", tensor<i8> dtype "u8">]} {
  %c0 = arith.constant 0 : index
  %f = arith.constant 1.0 : f32
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %ok = arith.cmpi sgt, %n, %c0 : index
  // CHECK: rt.check %{{.*}}, invalid_argument, "no rows"
  rt.check %ok, invalid_argument, "no rows"
  // CHECK: rt.check %{{.*}}, unsupported, "no code for no rows"
  rt.check %ok, unsupported, "no code for no rows"
  // CHECK: rt.get_weight @w : tensor<8x192x64xf32>
  %w = rt.get_weight @w : tensor<8x192x64xf32>
  // CHECK: rt.get_weight @w : memref<8x192x64xf32>
  %m = rt.get_weight @w : memref<8x192x64xf32>
  // CHECK: rt.get_weight @p : !llvm.ptr
  %p = rt.get_weight @p : !llvm.ptr
  // CHECK: rt.output 0(%{{.*}}) : memref<?x64xf32>
  %y = rt.output 0(%n) : memref<?x64xf32>
  // CHECK: rt.output 1() : memref<i8>
  %z = rt.output 1() : memref<i8>
  // CHECK: rt.launch @k units(%{{.*}}) (%{{.*}}, %{{.*}}) : memref<?x64xf32>, f32
  rt.launch @k units(%n) (%y, %f) : memref<?x64xf32>, f32
  // CHECK: rt.launch @nothing units(%{{.*}}) ()
  rt.launch @nothing units(%n) ()
  %first, %offset, %sizes:2, %strides:2 = memref.extract_strided_metadata %y : memref<?x64xf32> -> memref<f32>, index, index, index, index, index
  // CHECK: rt.device_launch @device::@d grid(%{{.*}}, %{{.*}}) block(%{{.*}}, %{{.*}}) shared(%{{.*}}) (%{{.*}}, %{{.*}}) : memref<f32>, index
  rt.device_launch @device::@d grid(%n, %n) block(%n, %n) shared(%c0) (%first, %n) : memref<f32>, index
  // CHECK: rt.device_launch @device::@lowered grid(%{{.*}}, %{{.*}}) block(%{{.*}}, %{{.*}}) shared(%{{.*}}) ()
  rt.device_launch @device::@lowered grid(%n, %n) block(%n, %n) shared(%c0) ()
  // CHECK: %[[KEYS:.*]] = rt.state_handle @keys : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16>
  %keys = rt.state_handle @keys : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16>
  // CHECK: rt.get_state %[[KEYS]](%{{.*}}) : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16> -> memref<?xf32>
  %base, %length, %capacity = rt.get_state %keys(%n) : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16> -> memref<?xf32>
  // CHECK: rt.append_state %[[KEYS]], %{{.*}} : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16>
  rt.append_state %keys, %n : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16>
  // CHECK: %[[LENGTH:.*]] = rt.state_length %[[KEYS]] :
  %rows = rt.state_length %keys : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16>
  // CHECK: %[[PAST:.*]] = rt.past %[[KEYS]][%[[LENGTH]]](%{{.*}}) : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16> -> tensor<?x8x?x64xf32>
  %past = rt.past %keys[%rows](%n) : !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16> -> tensor<?x8x?x64xf32>
  // CHECK: rt.append %[[PAST]] to %[[KEYS]][%[[LENGTH]]](%{{.*}}) :
  %present = rt.append %past to %keys[%rows](%n) : tensor<?x8x?x64xf32> to !rt.state<tensor<?x8x?x64xf32>, axis = 2, granule = 16> -> tensor<?x8x?x64xf32>
  return
}
}

// CHECK-LABEL: func.func @device_checks
func.func @device_checks() -> (memref<i32>, i32) {
  // CHECK: rt.failed_check : memref<i32>
  %failed = rt.failed_check : memref<i32>
  // CHECK: rt.check_number unsupported, "node: not so" : i32
  %number = rt.check_number unsupported, "node: not so" : i32
  return %failed, %number : memref<i32>, i32
}
