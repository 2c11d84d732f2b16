// RUN: moe-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{expects offset >= 0, got -1}}
rt.weight @w : tensor<4xf32> = #rt.file<"w", -1, tensor<4xf32>>

// -----

// expected-error @+1 {{expects a static shape, got 'tensor<?xf32>'}}
rt.weight @w : tensor<?xf32> = #rt.file<"w", 0, tensor<?xf32>>

// -----

// expected-error @+1 {{expects elements of whole bytes, got 'i4'}}
rt.weight @w : tensor<4xi4> = #rt.file<"w", 0, tensor<4xi4>>

// -----

// expected-error @+1 {{does not fit 64 bits}}
rt.weight @w : tensor<4611686018427387904x4xf32> = #rt.file<"w", 0, tensor<4611686018427387904x4xf32>>

// -----

// expected-error @+1 {{expects a permutation of 0 ... 1}}
rt.weight @w : tensor<4x4xf32> = #rt.transpose<#rt.file<"w", 0, tensor<4x4xf32>>, [0, 2]>

// -----

// expected-error @+1 {{expects one of permutation per dimension of 'tensor<4x4xf32>', got 1}}
rt.weight @w : tensor<4x4xf32> = #rt.transpose<#rt.file<"w", 0, tensor<4x4xf32>>, [0]>

// -----

// expected-error @+1 {{expects a shape of 16 elements, got 15}}
rt.weight @w : tensor<15xf32> = #rt.reshape<#rt.file<"w", 0, tensor<4x4xf32>>, [15]>

// -----

// expected-error @+1 {{expects 0 <= offset <= offset + size <= 4 in dimension 1, got offset 2 and size 3}}
rt.weight @w : tensor<4x3xf32> = #rt.slice<#rt.file<"w", 0, tensor<4x4xf32>>, [0, 2], [4, 3]>

// -----

// expected-error @+1 {{expects elements of one type, got 'tensor<4xf32>' and 'tensor<5xf32>'}}
rt.weight @w : tensor<2x4xf32> = #rt.stack<[#rt.file<"w", 0, tensor<4xf32>>, #rt.file<"w", 0, tensor<5xf32>>]>

// -----

// expected-error @+1 {{expects elements that differ in dimension 0 only, got 'tensor<1x4xf32>' and 'tensor<1x5xf32>'}}
rt.weight @w : tensor<2x4xf32> = #rt.concat<0, [#rt.file<"w", 0, tensor<1x4xf32>>, #rt.file<"w", 0, tensor<1x5xf32>>]>

// -----

// expected-error @+1 {{expects f16, bf16, f32 or f64, got 'i32'}}
rt.weight @w : tensor<4xf32> = #rt.cast<#rt.file<"w", 0, tensor<4xi32>>, f32>

// -----

// expected-error @+1 {{expects N to be a multiple of columns = 2, got 3}}
rt.weight @w : !llvm.ptr = #rt.pack<#rt.file<"w", 0, tensor<3x4xf32>>, 2>

// -----

// expected-error @+1 {{a packed expression cannot be part of another one}}
rt.weight @w : tensor<4x4xf32> = #rt.transpose<#rt.pack<#rt.file<"w", 0, tensor<4x4xf32>>, 1>, [1, 0]>

// -----

// expected-error @+1 {{expects the type of its value, 'tensor<4xf32>', got 'tensor<5xf32>'}}
rt.weight @w : tensor<5xf32> = #rt.file<"w", 0, tensor<4xf32>>

// -----

// expected-error @+1 {{expects a packed weight to have an opaque type or a static memref type}}
rt.weight @w : tensor<4x4xf32> = #rt.pack<#rt.file<"w", 0, tensor<4x4xf32>>, 1>

// -----

// expected-note @+1 {{declared here}}
rt.weight @w : tensor<4xf32> = #rt.file<"w", 0, tensor<4xf32>>
func.func @f() {
  // expected-error @+1 {{expects the type of @w, 'tensor<4xf32>', got 'memref<5xf32>'}}
  %0 = rt.get_weight @w : memref<5xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{@w is not a 'rt.weight' of this module}}
  %0 = rt.get_weight @w : memref<5xf32>
  return
}

// -----

// expected-error @+1 {{expects the first two arguments of a kernel to be the range of units}}
func.func private @k(%x: index) attributes {rt.kernel} {
  return
}

// -----

// expected-error @+1 {{expects a kernel to have no results, got 1}}
func.func private @k(%begin: index, %end: index) -> index attributes {rt.kernel} {
  return %begin : index
}

// -----

// expected-error @+1 {{expects a kernel to be private and to have a body}}
func.func @k(%begin: index, %end: index) attributes {rt.kernel} {
  return
}

// -----

// expected-error @+1 {{expects an entry to be public and to have a body}}
func.func private @main() attributes {rt.entry} {
  return
}

// -----

// expected-error @+1 {{expects at least one of v2, avx2, avx512}}
rt.kernel @k

// -----

func.func private @a(%begin: index, %end: index) attributes {rt.kernel} {
  return
}
func.func private @b(%begin: index, %end: index, %x: f32) attributes {rt.kernel} {
  return
}
// expected-error @+1 {{expects its levels to have one type}}
rt.kernel @k {v2 = @a, avx2 = @b}

// -----

func.func private @k(%begin: index, %end: index, %x: f32) attributes {rt.kernel} {
  return
}
func.func @f(%n: index) {
  // expected-error @+1 {{expects 1 arguments for @k, got 0}}
  rt.launch @k units(%n) ()
  return
}

// -----

func.func private @k(%begin: index, %end: index, %x: f32) attributes {rt.kernel} {
  return
}
func.func @f(%n: index) {
  // expected-error @+1 {{expects argument 0 of @k to be of type 'f32', got 'index'}}
  rt.launch @k units(%n) (%n) : index
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{@f is neither a function with rt.kernel nor an 'rt.kernel'}}
  rt.launch @f units(%n) (%n) : index
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{expects to be in a function with rt.entry}}
  %0 = rt.output 0 (%n) : memref<?xf32>
  return
}

// -----

func.func @f() attributes {rt.entry} {
  // expected-error @+1 {{expects a size for each of the 1 dynamic dimensions}}
  %0 = rt.output 0 () : memref<?xf32>
  return
}

// -----

// expected-error @+1 {{expects axis to be a dynamic dimension of 'tensor<4x?xf32>', got 0}}
rt.state @s : tensor<4x?xf32> {axis = 0, capacity = 16}

// -----

func.func @f(%s: !rt.state<tensor<4x?xf32>, axis = 1>, %n: index) {
  // expected-error @+1 {{expects 0 sizes, for the dynamic dimensions of 'tensor<4x?xf32>' other than its axis, got 1}}
  %base, %length, %capacity = rt.get_state %s (%n) : !rt.state<tensor<4x?xf32>, axis = 1> -> memref<?xf32>
  return
}

// -----

// expected-error @+1 {{expects axis to be a dynamic dimension of 'tensor<4x?xf32>', got 0}}
func.func private @f(!rt.state<tensor<4x?xf32>, axis = 0>)

// -----

// expected-note @+1 {{declared here}}
rt.state @s : tensor<4x?xf32> {axis = 1, capacity = 16}
func.func @f() {
  // expected-error @+1 {{expects the type of @s, '!rt.state<tensor<4x?xf32>, axis = 1>', got '!rt.state<tensor<?x?xf32>, axis = 1>'}}
  %s = rt.state_handle @s : !rt.state<tensor<?x?xf32>, axis = 1>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{@s is not a 'rt.state' of this module}}
  %s = rt.state_handle @s : !rt.state<tensor<?x?xf32>, axis = 1>
  return
}

// -----

func.func @f(%s: !rt.state<tensor<4x?xf32>, axis = 1>, %n: index) {
  // expected-error @+1 {{expects the result to be rows of 'tensor<4x?xf32>', got 'tensor<4x?xf16>'}}
  %past = rt.past %s[%n]() : !rt.state<tensor<4x?xf32>, axis = 1> -> tensor<4x?xf16>
  return
}

// -----

func.func @f(%s: !rt.state<tensor<4x?xf32>, axis = 1>, %x: tensor<3x?xf32>, %n: index) {
  // expected-error @+1 {{expects what is appended to be rows of 'tensor<4x?xf32>', got 'tensor<3x?xf32>'}}
  %y = rt.append %x to %s[%n]() : tensor<3x?xf32> to !rt.state<tensor<4x?xf32>, axis = 1> -> tensor<4x?xf32>
  return
}

// -----

// expected-error @+1 {{expects 'rt.dim_names' to have a name per dimension of 'tensor<4xf32>', got 2}}
func.func @f(%x: tensor<4xf32> {rt.dim_names = ["a", "b"]}) {
  return
}

// -----

// expected-error @+1 {{unknown attribute 'rt.nmae' of the rt dialect}}
func.func @f(%x: tensor<4xf32> {rt.nmae = "a"}) {
  return
}

// -----

// expected-error @+1 {{expects elements of whole bytes, got 'i1'}}
rt.weight @w : tensor<4xi1> = dense<true> : tensor<4xi1>

// -----

// expected-error @+1 {{expects a path}}
rt.weight @w : tensor<4xf32> = #rt.file<"", 0, tensor<4xf32>>

// -----

// expected-error @+1 {{expects the value to be a tensor}}
rt.weight @w : tensor<4xf32> = dense<1.0> : vector<4xf32>

// -----

// expected-error @+1 {{expects elements of whole bytes, got 'index'}}
rt.weight @w : tensor<4xindex> = dense<1> : tensor<4xindex>

// -----

// expected-error @+1 {{expects a ranked tensor, got dense<1.000000e+00> : vector<4xf32>}}
rt.weight @w : tensor<1x4xf32> = #rt.stack<[dense<1.0> : vector<4xf32>]>

// -----

// expected-error @+1 {{expects sizes >= 0 whose product fits 64 bits, got -4}}
rt.weight @w : tensor<4x4xf32> = #rt.reshape<#rt.file<"w", 0, tensor<4x4xf32>>, [-4, -4]>

// -----

// expected-error @+1 {{expects sizes >= 0 whose product fits 64 bits, got 4611686018427387904}}
rt.weight @w : tensor<4x4xf32> = #rt.reshape<#rt.file<"w", 0, tensor<4x4xf32>>, [4, 4611686018427387904]>

// -----

// expected-error @+1 {{expects one of offsets per dimension of 'tensor<4x4xf32>', got 1}}
rt.weight @w : tensor<4x4xf32> = #rt.slice<#rt.file<"w", 0, tensor<4x4xf32>>, [0], [4, 4]>

// -----

// expected-error @+1 {{expects one of sizes per dimension of 'tensor<4x4xf32>', got 3}}
rt.weight @w : tensor<4x4xf32> = #rt.slice<#rt.file<"w", 0, tensor<4x4xf32>>, [0, 0], [4, 4, 4]>

// -----

// expected-error @+1 {{expects axis to be a dimension of 'tensor<4x4xf32>', got 2}}
rt.weight @w : tensor<4x4xf32> = #rt.concat<2, [#rt.file<"w", 0, tensor<4x4xf32>>]>

// -----

// expected-error @+1 {{expects [G, N, K] or [N, K], got 'tensor<4xf32>'}}
rt.weight @w : !llvm.ptr = #rt.pack<#rt.file<"w", 0, tensor<4xf32>>, 1>

// -----

// expected-error @+1 {{expects f32, f16 or bf16, got 'f64'}}
rt.weight @w : !llvm.ptr = #rt.pack<#rt.file<"w", 0, tensor<4x4xf64>>, 1>

// -----

// expected-error @+1 {{expects columns to be 1 or 2, got 4}}
rt.weight @w : !llvm.ptr = #rt.pack<#rt.file<"w", 0, tensor<4x4xf32>>, 4>

// -----

// expected-error @+1 {{size in bytes of 'tensor<4x576460752303423488xf32>' does not fit 64 bits}}
rt.weight @w : tensor<4x576460752303423488xf32> = #rt.stack<[
  #rt.file<"w", 0, tensor<576460752303423488xf32>>, #rt.file<"w", 0, tensor<576460752303423488xf32>>, #rt.file<"w", 0, tensor<576460752303423488xf32>>, #rt.file<"w", 0, tensor<576460752303423488xf32>>]>

// -----

// expected-error @+1 {{size in bytes of 'tensor<2305843009213693952xf32>' does not fit 64 bits}}
rt.weight @w : tensor<2305843009213693952xf32> = #rt.concat<0, [
  #rt.file<"w", 0, tensor<1152921504606846976xf32>>, #rt.file<"w", 0, tensor<1152921504606846976xf32>>]>

// -----

// expected-error @+1 {{size in bytes of 'tensor<1152921504606846976xf64>' does not fit 64 bits}}
rt.weight @w : tensor<1152921504606846976xf64> = #rt.cast<#rt.file<"w", 0, tensor<1152921504606846976xf32>>, f64>

// -----

// expected-error @+1 {{'rt.kernel' marks functions only}}
module attributes {rt.kernel} {
}

// -----

// expected-error @+1 {{'rt.entry' marks functions only}}
module attributes {rt.entry} {
}

// -----

// expected-error @+1 {{a function cannot be both an entry and a kernel}}
func.func @k(%begin: index, %end: index) attributes {rt.entry, rt.kernel} {
  return
}

// -----

// expected-error @+1 {{expects 'rt.entry' to be a unit attribute}}
func.func @f() attributes {rt.entry = 1} {
  return
}

// -----

// expected-error @+1 {{expects 'rt.outputs' to be an array of #rt.value}}
func.func @f() attributes {rt.entry, rt.outputs = ["y"]} {
  return
}

// -----

// expected-error @+1 {{'rt.outputs' belongs to functions with rt.entry}}
func.func @f() attributes {rt.outputs = []} {
  return
}

// -----

// expected-error @+1 {{expects 'rt.metadata' to be a string on a module}}
func.func @f() attributes {rt.metadata = "{}"} {
  return
}

// -----

// expected-error @+1 {{expects 'rt.build_id' to be 16 bytes on a module}}
module attributes {rt.build_id = array<i8: 1, 2>} {
}

// -----

// expected-error @+1 {{unknown attribute 'rt.entries' of the rt dialect}}
module attributes {rt.entries} {
}

// -----

// expected-error @+1 {{expects 'rt.name' to be a string}}
func.func @f(%x: tensor<4xf32> {rt.name = 1}) {
  return
}

// -----

// expected-error @+1 {{expects 'rt.dim_names' to be an array of strings}}
func.func @f() -> (tensor<4xf32> {rt.dim_names = "n"}) {
  %0 = arith.constant dense<0.0> : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{expects granule >= 1 in 32 bits, got 0}}
rt.state @s : tensor<4x?xf32> {axis = 1, capacity = 16, granule = 0}

// -----

// expected-error @+1 {{expects capacity >= 1, got 0}}
rt.state @s : tensor<4x?xf32> {axis = 1, capacity = 0}

// -----

// expected-error @+1 {{expects a name per dimension of 'tensor<4x?xf32>', got 1}}
rt.state @s : tensor<4x?xf32> {axis = 1, capacity = 16, dimNames = ["n"]}

// -----

// expected-error @+1 {{expects one of the dimension names per dimension of 'tensor<4xf32>', got 2}}
func.func @f() attributes {rt.entry, rt.outputs = [#rt.value<"y", tensor<4xf32> dims["a", "b"]>]} {
  return
}

// -----

func.func @f(%s: !rt.state<tensor<4x?xf32>, axis = 1>) {
  // expected-error @+1 {{expects the base to be memref<?x'f32'>, got 'memref<?xf16>'}}
  %base, %length, %capacity = rt.get_state %s () : !rt.state<tensor<4x?xf32>, axis = 1> -> memref<?xf16>
  return
}

// -----

func.func @f() {
  return
}
// expected-error @+1 {{@f is not a function with rt.kernel}}
rt.kernel @k {v2 = @f}

// -----

func.func @f(%n: index) attributes {rt.entry} {
  // expected-error @+1 {{expects the identity layout, got 'memref<4x4xf32, strided<[8, 1]>>'}}
  %0 = rt.output 0 () : memref<4x4xf32, strided<[8, 1]>>
  return
}

// -----

func.func @f(%n: index) {
  // expected-error @+1 {{@device::@k is not a function of a 'gpu.module'}}
  rt.device_launch @device::@k grid(%n, %n) block(%n, %n) shared(%n) ()
  return
}

// -----

gpu.module @device {
  gpu.func @k() {
    gpu.return
  }
}
func.func @f(%n: index) {
  // expected-error @+1 {{@device::@k is not a kernel}}
  rt.device_launch @device::@k grid(%n, %n) block(%n, %n) shared(%n) ()
  return
}

// -----

gpu.module @device {
  gpu.func @k(%x: memref<f32>) kernel {
    gpu.return
  }
}
func.func @f(%n: index) {
  // expected-error @+1 {{expects arguments of types 'memref<f32>' for @device::@k, got 'index'}}
  rt.device_launch @device::@k grid(%n, %n) block(%n, %n) shared(%n) (%n) : index
  return
}

// -----

gpu.module @device {
  gpu.func @k(%x: memref<?xf32>) kernel {
    gpu.return
  }
}
func.func @f(%n: index, %x: memref<?xf32>) {
  // expected-error @+1 {{expects memrefs of one element, got 'memref<?xf32>'}}
  rt.device_launch @device::@k grid(%n, %n) block(%n, %n) shared(%n) (%x) : memref<?xf32>
  return
}
