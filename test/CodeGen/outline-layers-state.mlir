// RUN: moe-opt %s --outline-layers=min-ops=2 | FileCheck %s
// RUN: moe-opt %s --outline-layers=min-ops=2 --canonicalize \
// RUN:   --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" \
// RUN:   | FileCheck %s --check-prefix=COPIES

// Layers with caches: handles and the length are arguments of the function, views are made in it,
// and of the caches nothing but the new rows is copied.

rt.state @s0 : tensor<?x4xf32> {axis = 0, capacity = 64, dimNames = ["past", ""]}
rt.state @s1 : tensor<?x4xf32> {axis = 0, capacity = 64, dimNames = ["past", ""]}
rt.state @s2 : tensor<?x4xf32> {axis = 0, capacity = 64, dimNames = ["past", ""]}

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>

// CHECK-LABEL: func.func @main
// CHECK-DAG:     %[[S0:.*]] = rt.state_handle @s0
// CHECK-DAG:     %[[S1:.*]] = rt.state_handle @s1
// CHECK-DAG:     %[[S2:.*]] = rt.state_handle @s2
// CHECK-DAG:     %[[N:.*]] = rt.state_length %[[S0]]
// CHECK:         %[[H1:.*]] = call @layer(%{{.*}}, {{.*}}%[[S0]]{{.*}})
// CHECK:         %[[H2:.*]] = call @layer(%[[H1]], {{.*}}%[[S1]]{{.*}})
// CHECK:         %[[H3:.*]] = call @layer(%[[H2]], {{.*}}%[[S2]]{{.*}})
// CHECK:         return %[[H3]]
// CHECK:       func.func private @layer({{.*}}!rt.state<tensor<?x4xf32>, axis = 0>{{.*}}) -> tensor<?x4xf32>
// CHECK-DAG:     rt.past
// CHECK-DAG:     rt.append

// COPIES:      func.func private @layer
// COPIES:        rt.append_state
// COPIES:        memref.copy
// COPIES-NOT:    memref.copy
func.func @main(%h0: tensor<?x4xf32>, %t: index) -> tensor<?x4xf32> {
  %z = arith.constant 0.0 : f32
  %s0 = rt.state_handle @s0 : !rt.state<tensor<?x4xf32>, axis = 0>
  %s1 = rt.state_handle @s1 : !rt.state<tensor<?x4xf32>, axis = 0>
  %s2 = rt.state_handle @s2 : !rt.state<tensor<?x4xf32>, axis = 0>
  %n = rt.state_length %s0 : !rt.state<tensor<?x4xf32>, axis = 0>
  %empty = tensor.empty(%t) : tensor<?x4xf32>
  %past0 = rt.past %s0[%n]() : !rt.state<tensor<?x4xf32>, axis = 0> -> tensor<?x4xf32>
  %all0 = rt.append %h0 to %s0[%n]() : tensor<?x4xf32> to !rt.state<tensor<?x4xf32>, axis = 0> -> tensor<?x4xf32>
  %e0 = tensor.empty() : tensor<4xf32>
  %f0 = linalg.fill ins(%z : f32) outs(%e0 : tensor<4xf32>) -> tensor<4xf32>
  %a0 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["reduction", "parallel"]}
      ins(%all0 : tensor<?x4xf32>) outs(%f0 : tensor<4xf32>) {
    ^bb0(%x: f32, %o: f32):
      %v = arith.addf %o, %x : f32
      linalg.yield %v : f32
  } -> tensor<4xf32>
  %b0 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["reduction", "parallel"]}
      ins(%past0 : tensor<?x4xf32>) outs(%a0 : tensor<4xf32>) {
    ^bb0(%x: f32, %o: f32):
      %v = arith.addf %o, %x : f32
      linalg.yield %v : f32
  } -> tensor<4xf32>
  %h1 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h0, %b0 : tensor<?x4xf32>, tensor<4xf32>) outs(%empty : tensor<?x4xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %v = arith.addf %x, %y : f32
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %past1 = rt.past %s1[%n]() : !rt.state<tensor<?x4xf32>, axis = 0> -> tensor<?x4xf32>
  %all1 = rt.append %h1 to %s1[%n]() : tensor<?x4xf32> to !rt.state<tensor<?x4xf32>, axis = 0> -> tensor<?x4xf32>
  %e1 = tensor.empty() : tensor<4xf32>
  %f1 = linalg.fill ins(%z : f32) outs(%e1 : tensor<4xf32>) -> tensor<4xf32>
  %a1 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["reduction", "parallel"]}
      ins(%all1 : tensor<?x4xf32>) outs(%f1 : tensor<4xf32>) {
    ^bb0(%x: f32, %o: f32):
      %v = arith.addf %o, %x : f32
      linalg.yield %v : f32
  } -> tensor<4xf32>
  %b1 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["reduction", "parallel"]}
      ins(%past1 : tensor<?x4xf32>) outs(%a1 : tensor<4xf32>) {
    ^bb0(%x: f32, %o: f32):
      %v = arith.addf %o, %x : f32
      linalg.yield %v : f32
  } -> tensor<4xf32>
  %h2 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h1, %b1 : tensor<?x4xf32>, tensor<4xf32>) outs(%empty : tensor<?x4xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %v = arith.addf %x, %y : f32
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %past2 = rt.past %s2[%n]() : !rt.state<tensor<?x4xf32>, axis = 0> -> tensor<?x4xf32>
  %all2 = rt.append %h2 to %s2[%n]() : tensor<?x4xf32> to !rt.state<tensor<?x4xf32>, axis = 0> -> tensor<?x4xf32>
  %e2 = tensor.empty() : tensor<4xf32>
  %f2 = linalg.fill ins(%z : f32) outs(%e2 : tensor<4xf32>) -> tensor<4xf32>
  %a2 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["reduction", "parallel"]}
      ins(%all2 : tensor<?x4xf32>) outs(%f2 : tensor<4xf32>) {
    ^bb0(%x: f32, %o: f32):
      %v = arith.addf %o, %x : f32
      linalg.yield %v : f32
  } -> tensor<4xf32>
  %b2 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["reduction", "parallel"]}
      ins(%past2 : tensor<?x4xf32>) outs(%a2 : tensor<4xf32>) {
    ^bb0(%x: f32, %o: f32):
      %v = arith.addf %o, %x : f32
      linalg.yield %v : f32
  } -> tensor<4xf32>
  %h3 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%h2, %b2 : tensor<?x4xf32>, tensor<4xf32>) outs(%empty : tensor<?x4xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %v = arith.addf %x, %y : f32
      linalg.yield %v : f32
  } -> tensor<?x4xf32>
  return %h3 : tensor<?x4xf32>
}
