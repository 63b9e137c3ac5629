;;; emacs.el --- Emacs with Eglot and without a screen -*- lexical-binding: t -*-

;; A bug is typed, Flymake has its diagnostic at the right column, a code action mends it.
;; Run by `tests/it/editors.rs'; FFILINT names the program, the working directory is the project.

(package-initialize)
(require 'eglot)
(require 'flymake)

(define-derived-mode dart-mode prog-mode "Dart")
(add-to-list 'auto-mode-alist '("\\.dart\\'" . dart-mode))
(setq eglot-server-programs `((dart-mode . (,(getenv "FFILINT") "lsp")))
      eglot-sync-connect 60
      eglot-send-changes-idle-time 0
      eglot-confirm-server-initiated-edits nil
      create-lockfiles nil
      make-backup-files nil)

(defun wait-for (what is-so)
  "Wait until IS-SO gives something, which is given; else say WHAT was waited for."
  (let ((end (+ (float-time) 60)) found)
    (while (and (not (setq found (funcall is-so))) (< (float-time) end))
      (accept-process-output nil 0.05)
      (eglot--signal-textDocument/didChange))
    (or found (error "Waited in vain: %s; there is %S" what (flymake-diagnostics)))))

(let* ((project (file-name-as-directory (file-truename default-directory)))
       (file (expand-file-name "lib/a.dart" project)))
  (cl-defmethod project-root ((project (head scratch))) (cdr project))
  (setq project-find-functions (list (lambda (_) (cons 'scratch project))))
  (find-file file)
  (eglot '(dart-mode) (cons 'scratch project) 'eglot-lsp-server
         (list (getenv "FFILINT") "lsp") "dart")
  (unless flymake-mode (flymake-mode 1))
  (goto-char (point-min))
  (search-forward "void work() {\n")
  (let ((before "  final cell = /* \U0001f600é\U0001f600 */ "))
    (dolist (character (string-to-list (concat before "calloc<Int32>();\n")))
      (insert-char character))
    (let* ((found (car (wait-for "the leak" (lambda () (flymake-start) (flymake-diagnostics)))))
           (start (flymake-diagnostic-beg found)))
      (unless (string-match-p "never released" (flymake-diagnostic-text found))
        (error "Another finding: %s" (flymake-diagnostic-text found)))
      (goto-char start)
      (unless (= (current-column) (string-width before))
        (unless (= (- start (line-beginning-position)) (length before))
          (error "It is at %d and not at %d" (- start (line-beginning-position)) (length before))))
      (let* ((actions (eglot-code-actions start (1+ start)))
             (action (aref (vconcat actions) 0))
             (action (if (plist-get action :edit) action
                       (jsonrpc-request (eglot-current-server) :codeAction/resolve action))))
        (eglot--apply-workspace-edit (plist-get action :edit)))
      (wait-for "nothing is wrong any more" (lambda () (flymake-start) (null (flymake-diagnostics))))
      (goto-char (point-min))
      (unless (search-forward "calloc.free(cell)" nil t)
        (error "Mended otherwise: %s" (buffer-string)))))
  (set-buffer-modified-p nil)
  (eglot-shutdown (eglot-current-server))
  (princ "emacs: all well\n"))
