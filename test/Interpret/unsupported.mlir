// What is not interpreted is named all at once, each op once, with what is.
// RUN: moec run --interpret --verify-diagnostics %s
// RUN: not moec run --interpret %s 2>&1 | FileCheck %s

// CHECK: error: 'arith.subi' is not interpreted; the reference interpreter knows arith.addf, arith.addi, {{.*}}linalg.matmul, {{.*}}moe.assign, moe.combine, moe.dispatch, moe.exchange, moe.exchange_back, moe.expert, moe.expert_hidden, moe.expert_parallel, moe.grouped_matmul, moe.renorm, moe.route, moe.route_experts, {{.*}}tensor.cast
func.func @ops() -> i32 {
  %a = arith.constant 1 : i32
  // expected-error @+1 {{'arith.subi' is not interpreted}}
  %b = arith.subi %a, %a : i32
  %c = arith.subi %b, %a : i32
  // expected-error @+1 {{'arith.divsi' is not interpreted}}
  %d = arith.divsi %c, %a : i32
  %e = func.call @callee(%d) : (i32) -> i32
  return %e : i32
}

func.func private @callee(%a: i32) -> i32 {
  // expected-error @+1 {{'arith.xori' is not interpreted}}
  %b = arith.xori %a, %a : i32
  return %b : i32
}

func.func @types() -> vector<2xf32> {
  // expected-error @+1 {{values of type 'vector<2xf32>' are not interpreted}}
  %a = arith.constant dense<1.0> : vector<2xf32>
  // expected-error @+1 {{values of type 'vector<2xf32>' are not interpreted}}
  return %a : vector<2xf32>
}

func.func @narrow_integer() -> i16 {
  // expected-error @+1 {{values of type 'i16' are not interpreted}}
  %a = arith.constant 1 : i16
  // expected-error @+1 {{values of type 'i16' are not interpreted}}
  return %a : i16
}

// expected-error @+1 {{a function without a body is not interpreted}}
func.func private @external() -> f32
func.func @calls_external() -> f32 {
  %a = func.call @external() : () -> f32
  return %a : f32
}

// expected-error @+1 {{a function with several blocks is not interpreted}}
func.func @blocks() -> f32 {
  %a = arith.constant 1.0 : f32
  cf.br ^bb1
^bb1:
  return %a : f32
}
