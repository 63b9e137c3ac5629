-- Neovim without a screen: a bug is typed, its diagnostic stands at the right column, a code action mends it.
-- Run by `tests/it/editors.rs`; FFILINT names the program, the working directory is the project.

local program = assert(vim.env.FFILINT, 'FFILINT names the program')

local function fail(message)
  io.stderr:write('failed: ' .. message .. '\n')
  vim.cmd('cquit 1')
end

local function wait(what, is_so)
  if not vim.wait(60000, is_so, 20) then
    fail(what .. ': ' .. vim.inspect(vim.diagnostic.get(0)))
  end
end

local function main()
  local folder = vim.loop.fs_realpath(vim.fn.getcwd())
  local file = folder .. '/lib/a.dart'
  vim.cmd('edit ' .. vim.fn.fnameescape(file))
  local id = vim.lsp.start_client({ name = 'ffilint', cmd = { program, 'lsp' }, root_dir = folder })
  assert(id, 'the server starts')
  assert(vim.lsp.buf_attach_client(0, id))
  wait('the server answers', function() return vim.lsp.get_client_by_id(id).initialized ~= nil end)
  wait('nothing is wrong yet', function() return #vim.diagnostic.get(0) == 0 end)

  -- The line is typed a character at a time; what stands before the call is wider in UTF-16 than in characters.
  local before = '  final cell = /* \u{1f600}\u{e9}\u{1f600} */ '
  local text = before .. 'calloc<Int32>();'
  local line = 4
  vim.api.nvim_buf_set_lines(0, line, line, false, { '' })
  local done = ''
  for _, character in ipairs(vim.fn.split(text, '\\zs')) do
    vim.api.nvim_buf_set_text(0, line, #done, line, #done, { character })
    done = done .. character
  end
  wait('the leak is seen', function() return #vim.diagnostic.get(0) == 1 end)
  local found = vim.diagnostic.get(0)[1]
  if not found.message:find('never released', 1, true) then
    fail('another finding: ' .. vim.inspect(found))
  end
  if found.lnum ~= line or found.col ~= #before then
    fail(('it is at %d:%d and not at %d:%d'):format(found.lnum, found.col, line, #before))
  end

  local params = vim.lsp.util.make_given_range_params({ line + 1, found.col }, { line + 1, found.col })
  params.context = { diagnostics = {} }
  local answers = vim.lsp.buf_request_sync(0, 'textDocument/codeAction', params, 60000)
  local actions = answers and answers[id] and answers[id].result or {}
  local action = actions[1]
  if not action then
    fail('no action: ' .. vim.inspect(answers))
  end
  if not action.edit then
    action = vim.lsp.buf_request_sync(0, 'codeAction/resolve', action, 60000)[id].result
  end
  local client = vim.lsp.get_client_by_id(id)
  vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
  wait('it is mended', function() return #vim.diagnostic.get(0) == 0 end)
  local mended = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), '\n')
  if not mended:find('calloc.free(cell)', 1, true) then
    fail('mended otherwise: ' .. mended)
  end
  client.stop()
  wait('the server ends', function() return vim.lsp.client_is_stopped(id) end)
  io.stdout:write('neovim: all well\n')
  vim.cmd('qall!')
end

local ok, message = pcall(main)
if not ok then
  fail(tostring(message))
end
