"""PyTorch's time for a batch: a step of fine-tuning (forward, backward, clipping, AdamW), or an embedding.

Usage: python torch_speed.py ENCODER_FOLDER step|encode [--documents 32] [--length 128] [--slots 500] [--threads 2]
       [--count 5] [--device cpu]
Prints one JSON object: milliseconds of each batch after one that is not counted. Needs torch and transformers.
"""
import argparse
import json
import time

import torch
import torch.nn.functional as F
from transformers import AutoModel

parser = argparse.ArgumentParser()
parser.add_argument("encoder")
parser.add_argument("what", choices=["step", "encode"])
parser.add_argument("--documents", type=int, default=32)
parser.add_argument("--length", type=int, default=128)
parser.add_argument("--slots", type=int, default=500)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--count", type=int, default=5)
parser.add_argument("--device", default="cpu")
args = parser.parse_args()
torch.set_num_threads(args.threads)
torch.manual_seed(0)

model = AutoModel.from_pretrained(args.encoder).to(args.device).eval()
size = (args.documents, args.length)
ids = (torch.arange(size[0] * size[1]) * 7 % 600).reshape(size).to(args.device)
mask = torch.ones(size, device=args.device)
weights = torch.nn.Parameter(torch.randn(args.slots, model.config.hidden_size, device=args.device) * 0.02)
bias = torch.nn.Parameter(torch.zeros(args.slots, device=args.device))
sign = -torch.ones(args.documents, args.slots, device=args.device)
body = [it for name, it in model.named_parameters() if "pooler" not in name]
optimizer = torch.optim.AdamW([{"params": body}, {"params": [weights, bias]}], lr=1e-5)


def embed():
    hidden = model(input_ids=ids, attention_mask=mask)[0]
    return (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def step():
    logits = F.dropout(embed(), 0.1) @ weights.T + bias
    loss = (F.relu(1 - sign * logits) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(body, 1.0)
    torch.nn.utils.clip_grad_norm_([weights, bias], 1.0)
    optimizer.step()
    return loss.item()


def encode():
    with torch.no_grad():
        return embed().cpu()


run = step if args.what == "step" else encode
milliseconds = []
for _ in range(args.count + 1):
    start = time.perf_counter()
    run()
    milliseconds.append(1000 * (time.perf_counter() - start))
print(json.dumps({"milliseconds": milliseconds[1:], "ran": f"PyTorch {torch.__version__}, {args.device}"}))
